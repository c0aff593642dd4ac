import itertools

import pytest
import torch

from genzoo.converters import monce as converter
from genzoo.errors import WeightsError
from genzoo.models.monce import CUTPatchDiscriminator, CUTResnetGenerator, PatchSampler
from genzoo.registry import MODELS


def layer(prefix):
    return {f'{prefix}.weight', f'{prefix}.bias'}


def layers(pattern, numbers):
    return set().union(*(layer(pattern.format(number)) for number in numbers))


RELEASED = dict(  # as the specification's section 7 lists them
    generator=layers('model.{}', (1, 4, 8, 22, 26, 30)) | {f'model.{number}.filt' for number in (7, 11, 21, 25)}
    | layers('model.{0[0]}.conv_block.{0[1]}', itertools.product(range(12, 21), (1, 5))),
    discriminator=layers('model.{}', (0, 3, 7, 11, 14)) | {f'model.{number}.filt' for number in (2, 6, 10)},
    patch_sampler=layers('mlp_{0[0]}.{0[1]}', itertools.product(range(5), (0, 2))))


@pytest.fixture(scope='module')
def states():
    """States of full-size networks, without memory for their numbers."""
    with torch.device('meta'):
        networks = dict(generator=CUTResnetGenerator(), discriminator=CUTPatchDiscriminator(),
                        patch_sampler=PatchSampler(in_channels=(3, 128, 256, 256, 256)))
    return {part: network.state_dict() for part, network in networks.items()}


def small(part, **changes):
    """The state of a small network, and its config."""
    cfg = dict(generator=dict(type='CUTResnetGenerator', base_channels=4, num_blocks=2),
               discriminator=dict(type='CUTPatchDiscriminator', base_channels=4),
               patch_sampler=dict(type='PatchSampler', nc=6, in_channels=[3, 8]))[part] | changes
    return MODELS.build(cfg).state_dict(), cfg


@pytest.mark.parametrize('part', RELEASED)
def test_keys_written_are_those_of_the_released_files(states, part):
    assert set(converter.from_genzoo(part, states[part])) == RELEASED[part]


@pytest.mark.parametrize('part', converter.PARTS)
def test_every_tensor_survives_the_way_there_and_back(states, part):
    back = converter.to_genzoo(part, converter.from_genzoo(part, states[part]))
    assert list(back) == list(states[part])
    assert all(back[key] is states[part][key] for key in back)


@pytest.mark.parametrize('part', converter.PARTS)
def test_prefix_of_a_parallel_wrapper_and_blurs_may_or_may_not_be_there(part):
    state, _ = small(part)
    released = converter.from_genzoo(part, state)
    without_blurs = {key: value for key, value in released.items() if not key.endswith('.filt')}
    for bare in (released, without_blurs):
        for variant in (bare, {f'module.{key}': value for key, value in bare.items()}):
            assert converter.recognise(variant, 'file') == part
            assert set(converter.to_genzoo(part, variant)) == set(state)


def test_blurs_written_are_the_published_constants():
    released = converter.from_genzoo('generator', small('generator')[0])
    assert released['model.7.filt'].shape == (8, 1, 3, 3)
    assert released['model.7.filt'][5, 0].mul(16).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert released['model.14.filt'].shape == (16, 1, 4, 4)
    assert released['model.14.filt'][3, 0, 1].mul(16).tolist() == [3, 9, 9, 3]


@pytest.mark.parametrize(('part', 'changes'), [
    ('generator', dict(base_channels=6, num_blocks=3)), ('generator', dict(in_channels=1, out_channels=2)),
    ('generator', dict(antialias_down=False)), ('generator', dict(antialias_up=False)),
    ('generator', dict(antialias_down=False, antialias_up=False, norm='batch')),
    ('generator', dict(norm='batch', dropout=True)), ('generator', dict(dropout=True)),
    ('discriminator', dict(in_channels=1, num_layers=2)), ('discriminator', dict(antialias=False)),
    ('discriminator', dict(num_layers=5, norm='batch')), ('patch_sampler', dict(nc=7, in_channels=[5]))])
def test_settings_are_read_off_the_tensors(part, changes):
    state, cfg = small(part, **changes)
    found = converter.component_of(part, converter.to_genzoo(part, converter.from_genzoo(part, state)))
    assert found | cfg == found
    assert MODELS.build(found).state_dict().keys() == state.keys()


@pytest.mark.parametrize(('part', 'changes', 'blurs'), [
    ('generator', {}, (7, 11, 14, 18)), ('generator', dict(antialias_up=False), (7, 11)),
    ('generator', dict(antialias_down=False), (12, 16)), ('discriminator', {}, (2, 6, 10)),
    ('discriminator', dict(antialias=False), ()), ('discriminator', dict(num_layers=1), (2,))])
def test_blurs_are_written_where_the_network_has_them(part, changes, blurs):
    state, cfg = small(part, **changes)
    network = MODELS.build(cfg)
    has_kernel = {int(name.split('.')[1]) for name, _ in network.named_buffers() if name.endswith('kernel')}
    written = converter.from_genzoo(part, state)
    assert {int(key.split('.')[1]) for key in written if key.endswith('.filt')} == has_kernel == set(blurs)
    for index in blurs:
        torch.testing.assert_close(written[f'model.{index}.filt'], network.model[index].kernel)


class TestRecognise:
    @pytest.mark.parametrize('content', [
        {}, {'layer.weight': torch.ones(1)}, {'state_dict': {}, 'meta': {}}, {1: 2}, [torch.ones(1)],
        torch.ones(2), None, 'text'])
    def test_other_files_are_refused_in_one_line(self, content):
        with pytest.raises(WeightsError, match=r"net.pth: none of MoNCE's released files") as error:
            converter.recognise(content, 'net.pth')
        assert '\n' not in str(error.value)

    @pytest.mark.parametrize('filt', [torch.ones(8, 1, 3, 3) / 9, torch.ones(8, 1, 5, 5) / 25, torch.ones(3), 'text'])
    def test_other_blurs_are_refused(self, filt):
        released = converter.from_genzoo('generator', small('generator')[0])
        with pytest.raises(WeightsError, match='net.pth: model.7.filt is not the blur of the released code'):
            converter.recognise(released | {'model.7.filt': filt}, 'net.pth')


def test_unknown_keys_are_kept_for_the_strict_loader_to_refuse(states):
    released = converter.from_genzoo('discriminator', states['discriminator'])
    assert 'extra' in converter.to_genzoo('discriminator', released | {'extra': torch.ones(1)})


class TestPairedFiles:
    @pytest.fixture(params=['generator', 'discriminator'])
    def paired(self, request):
        cfgs = dict(generator=dict(type='SPADEGenerator', label_channels=3, base_channels=2, crop_size=32),
                    discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=3, base_channels=2))
        return request.param, MODELS.build(cfgs[request.param]).state_dict()

    def test_they_are_recognised_and_converted_like_the_others(self, paired):
        part, state = paired
        released = converter.from_genzoo(part, state)
        assert converter.recognise(released, 'file') == part
        back = converter.to_genzoo(part, released)
        assert back.keys() == state.keys()
        assert converter.is_paired(back)
        assert converter.component_of(part, back)['label_channels'] == 3

    def test_those_of_the_unpaired_system_are_none(self, states):
        assert not any(converter.is_paired(state) for state in states.values())
