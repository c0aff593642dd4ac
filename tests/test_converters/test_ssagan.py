import itertools

import pytest
import torch

from genzoo.converters import ssagan as converter
from genzoo.errors import WeightsError
from genzoo.models.ssagan import DAMSMImageEncoder, DAMSMTextEncoder, OneWayDiscriminator, SSACNGenerator


def norm(prefix, affine=True):
    names = ('weight', 'bias') if affine else ()
    return [f'{prefix}.{name}' for name in (*names, 'running_mean', 'running_var', 'num_batches_tracked')]


def layer(prefix):
    return [f'{prefix}.weight', f'{prefix}.bias']


def mask_head(prefix):
    return layer(f'{prefix}.0') + norm(f'{prefix}.1') + layer(f'{prefix}.3')


def released_generator():
    """Keys of netG_*.pth, as the specification's section 7 lists them."""
    keys = layer('fc') + mask_head('conv_mask') + norm('conv_img.0') + layer('conv_img.2')
    for n in range(7):
        block = f'block{n}'
        keys += [f'{block}.gamma', *layer(f'{block}.c1'), *layer(f'{block}.c2')]
        keys += layer(f'{block}.c_sc') if n >= 4 else []
        keys += mask_head(f'{block}.conv_mask') if n <= 5 else []
        for affine in ('affine0', 'affine2'):
            keys += norm(f'{block}.{affine}.batch_norm2d', affine=False)
            for mlp, linear in itertools.product(('fc_gamma', 'fc_beta'), ('linear1', 'linear2')):
                keys += layer(f'{block}.{affine}.{mlp}.{linear}')
    return {f'module.{key}' for key in keys}


def released_discriminator():
    """Keys of netD_*.pth; every block has a conv_s, used or not."""
    keys = layer('conv_img') + [f'COND_DNET.joint_conv.{n}.weight' for n in (0, 2)]
    for n in range(6):
        keys += [f'block{n}.gamma', f'block{n}.conv_r.0.weight', f'block{n}.conv_r.2.weight',
                 *layer(f'block{n}.conv_s')]
    return {f'module.{key}' for key in keys}


def released_text_encoder():
    kinds = ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
    return {'encoder.weight'} | {f'rnn.{kind}_l0{way}' for kind in kinds for way in ('', '_reverse')}


RELEASED = dict(generator=released_generator(), discriminator=released_discriminator(),
                text_encoder=released_text_encoder())


@pytest.fixture(scope='module')
def states():
    """States of full-size networks, without memory for their numbers."""
    with torch.device('meta'):
        networks = dict(generator=SSACNGenerator(), discriminator=OneWayDiscriminator(),
                        text_encoder=DAMSMTextEncoder(5450), image_encoder=DAMSMImageEncoder())
    return {part: network.state_dict() for part, network in networks.items()}


@pytest.mark.parametrize('part', RELEASED)
def test_keys_written_are_those_of_the_released_files(states, part):
    assert set(converter.from_genzoo(part, states[part])) == RELEASED[part]


def test_keys_of_the_image_encoder_are_those_of_the_released_file(states):
    keys = set(converter.from_genzoo('image_encoder', states['image_encoder']))
    assert len(keys) == 567
    assert {'emb_features.weight', 'emb_cnn_code.weight', 'emb_cnn_code.bias', 'Conv2d_1a_3x3.conv.weight',
            'Mixed_6c.branch7x7dbl_4.conv.weight', 'Mixed_7c.branch_pool.bn.running_var'} <= keys
    assert not any(key.startswith(('trunk', 'module', 'fc', 'AuxLogits')) for key in keys)


@pytest.mark.parametrize('part', converter.PARTS)
def test_every_tensor_survives_the_way_there_and_back(states, part):
    state = states[part]
    back = converter.to_genzoo(part, converter.from_genzoo(part, state))
    assert list(back) == list(state)
    assert all(back[key] is state[key] for key in state)


@pytest.mark.parametrize('part', converter.PARTS)
def test_prefix_of_a_parallel_wrapper_may_or_may_not_be_there(states, part):
    released = converter.from_genzoo(part, states[part])
    bare = {key.removeprefix('module.'): value for key, value in released.items()}
    wrapped = {f'module.{key}': value for key, value in bare.items()}
    for state in (bare, wrapped):
        assert set(converter.to_genzoo(part, state)) == set(states[part])
        assert converter.recognise(state, 'file') == part


@pytest.mark.parametrize('part', ['generator', 'image_encoder'])
def test_counters_that_old_files_lack_start_at_zero(states, part):
    released = converter.from_genzoo(part, states[part])
    old = {key: value for key, value in released.items() if not key.endswith('num_batches_tracked')}
    assert len(old) < len(released)
    state = converter.to_genzoo(part, old)
    assert set(state) == set(states[part])
    counters = [value for key, value in state.items() if key.endswith('num_batches_tracked')]
    assert all(counter == 0 and counter.dtype == torch.long for counter in counters)


def test_unused_shortcuts_survive(states):
    released = converter.from_genzoo('discriminator', states['discriminator'])
    for n in (4, 5):
        weight = released[f'module.block{n}.conv_s.weight']
        assert weight is states['discriminator'][f'blocks.{n}.shortcut.weight']
        assert weight.shape == (1024, 1024, 1, 1)


def test_unknown_keys_are_kept_for_the_strict_loader_to_refuse(states):
    released = converter.from_genzoo('discriminator', states['discriminator'])
    assert 'extra' in converter.to_genzoo('discriminator', released | {'module.extra': torch.ones(1)})


@pytest.mark.parametrize('width', [64, 32])
def test_width_is_read_off_the_generator(width):
    with torch.device('meta'):
        assert converter.base_channels('generator', SSACNGenerator(width).state_dict()) == width


def test_vocabulary_size_is_read_off_the_text_encoder(states):
    assert converter.vocab_size(states['text_encoder']) == 5450


class TestRecognise:
    @pytest.mark.parametrize('content', [
        {}, {'layer.weight': torch.ones(1)}, {'state_dict': {}, 'meta': {}}, {1: 2}, [torch.ones(1)],
        torch.ones(2), None, 'text'])
    def test_other_files_are_refused_in_one_line(self, content):
        with pytest.raises(WeightsError, match=r"net.pth: none of SSA-GAN's released files") as error:
            converter.recognise(content, 'net.pth')
        assert '\n' not in str(error.value)

    def test_first_keys_of_the_file_are_named(self):
        with pytest.raises(WeightsError, match='its first keys are a, b, c'):
            converter.recognise(dict.fromkeys('abcd', torch.ones(1)), 'net.pth')


class TestPartOf:
    def test_released_file_of_the_part(self, states):
        released = converter.from_genzoo('text_encoder', states['text_encoder'])
        assert set(converter.part_of(released, 'text_encoder', 'file')) == set(states['text_encoder'])

    def test_part_of_a_genzoo_checkpoint(self, states):
        whole = {f'{part}.{key}': value for part, state in states.items() for key, value in state.items()}
        for part, state in states.items():
            assert converter.part_of(dict(state_dict=whole), part, 'file').keys() == state.keys()

    def test_released_file_of_another_part_is_refused(self, states):
        released = converter.from_genzoo('discriminator', states['discriminator'])
        with pytest.raises(WeightsError, match='netD.pth: holds the discriminator, the text_encoder was'):
            converter.part_of(released, 'text_encoder', 'netD.pth')

    def test_genzoo_checkpoint_without_the_part_is_refused(self):
        with pytest.raises(WeightsError, match='run.pth: a genzoo checkpoint without image_encoder'):
            converter.part_of(dict(state_dict={'generator.fc.weight': 0}), 'image_encoder', 'run.pth')

    @pytest.mark.parametrize('content', [[1], torch.ones(1), None, dict(a=1)])
    def test_other_files_are_refused(self, content):
        with pytest.raises(WeightsError, match='none of SSA-GAN'):
            converter.part_of(content, 'text_encoder', 'file')


@pytest.mark.parametrize('whole', [3, {1: torch.ones(2)}])
def test_checkpoint_whose_state_is_none_holds_no_part(whole):
    with pytest.raises(WeightsError, match='without text_encoder'):
        converter.part_of(dict(state_dict=whole), 'text_encoder', 'a.pth')
    assert converter.vocab_size({'embedding.weight': torch.tensor(1.)}) is None
    assert converter.vocabulary_of(dict(meta=dict(dataset_meta=dict(vocabulary=3)))) is None
