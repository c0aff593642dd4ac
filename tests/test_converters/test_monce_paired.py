import itertools

import pytest
import torch

from genzoo.converters import monce_paired as converter
from genzoo.errors import WeightsError
from genzoo.registry import MODELS
from genzoo.utils import load_for_prediction

PARTS = dict(
    generator=dict(type='SPADEGenerator', label_channels=3, base_channels=4, num_upsampling_layers='normal'),
    discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=3, base_channels=4, num_layers=4,
                       num_scales=2))


@pytest.mark.parametrize('part', PARTS)
def test_there_and_back_changes_nothing(part):
    state = MODELS.build(PARTS[part]).state_dict()
    released = converter.from_genzoo(part, state)
    assert converter.part_of(released) == part
    back = converter.to_genzoo(part, released)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)


@pytest.mark.parametrize('part', PARTS)
def test_settings_are_read_off_the_shapes(part):
    assert converter.component_of(part, MODELS.build(PARTS[part]).state_dict()) == PARTS[part]


def spectral(prefix):
    return {f'{prefix}.weight_{name}' for name in ('orig', 'u', 'v')}


def plain(prefix):
    return {f'{prefix}.weight', f'{prefix}.bias'}


def released_generator_keys():
    """As the specification's section 7 lists them."""
    keys = plain('fc') | plain('conv_img')
    for block in ('head_0', 'G_middle_0', 'G_middle_1', 'up_0', 'up_1', 'up_2', 'up_3'):
        for number in ('0', '1', *('s' * block.startswith('up'))):
            norm = f'{block}.norm_{number}'
            keys |= spectral(f'{block}.conv_{number}') | plain(f'{norm}.mlp_shared.0')
            keys |= plain(f'{norm}.mlp_gamma') | plain(f'{norm}.mlp_beta')
            keys |= {f'{norm}.param_free_norm.{name}' for name in ('running_mean', 'running_var',
                                                                   'num_batches_tracked')}
            keys |= {f'{block}.conv_{number}.bias'} if number != 's' else set()
    return keys


def test_keys_written_are_those_of_the_released_files():
    states = {part: MODELS.build(cfg | dict(base_channels=2)).state_dict() for part, cfg in PARTS.items()}
    assert set(converter.from_genzoo('generator', states['generator'])) == released_generator_keys()
    networks = (f'discriminator_{scale}' for scale in (0, 1))
    expected = set().union(*(plain(f'{net}.model0.0') | plain(f'{net}.model4.0') for net in networks), *(
        spectral(f'discriminator_{scale}.model{number}.0.0') for scale, number in itertools.product((0, 1), (1, 2, 3))))
    assert set(converter.from_genzoo('discriminator', states['discriminator'])) == expected


def test_prefix_of_a_parallel_wrapper_and_counters_of_batch_norms_may_or_may_not_be_there():
    state = MODELS.build(PARTS['generator']).state_dict()
    released = converter.from_genzoo('generator', state)
    old = {f'module.{key}': value for key, value in released.items() if not key.endswith('num_batches_tracked')}
    assert converter.part_of(old) == 'generator'
    assert converter.to_genzoo('generator', old).keys() == state.keys()


@pytest.mark.parametrize('settings', [
    dict(crop_size=64, use_vae=True, noise_size=6), dict(num_upsampling_layers='most', crop_size=128),
    dict(crop_size=64, aspect_ratio=2., use_vae=True, noise_size=6),
    dict(num_upsampling_layers='most', crop_size=256, use_vae=True, noise_size=6)])
def test_start_and_number_of_blocks_are_read_off_the_shapes(settings):
    state = MODELS.build(dict(type='SPADEGenerator', label_channels=3, base_channels=2) | settings).state_dict()
    found = converter.component_of('generator', state)
    assert all(found[key] == settings[key] for key in settings.keys() & found.keys())
    again = MODELS.build(dict(crop_size=settings['crop_size']) | found).state_dict()
    assert {key: value.shape for key, value in again.items()} == {key: value.shape for key, value in state.items()}


class TestAnotherConfig:
    @pytest.fixture
    def model(self):
        networks = {part: cfg | dict(base_channels=2) for part, cfg in PARTS.items()}
        networks['generator']['crop_size'] = 32
        return MODELS.build(dict(type='SPADEModel', loss_gan=dict(type='GANLoss'), **networks))

    @pytest.mark.parametrize(('part', 'other', 'message'), [
        ('generator', dict(label_channels=5), 'made for label maps of 5 channels, label_channels is 3'),
        ('generator', dict(use_vae=True, crop_size=32), 'made with use_vae=True, use_vae is False'),
        ('discriminator', dict(label_channels=5), 'made for label maps of 5 channels, label_channels is 3')])
    def test_is_named_by_its_setting(self, model, part, other, message):
        state = {f'generator.{key}': value for key, value in model.generator.state_dict().items()}
        misfit = MODELS.build(PARTS[part] | dict(base_channels=2) | other).state_dict()
        state = {key: value for key, value in state.items() if not key.startswith(f'{part}.')}
        state |= {f'{part}.{key}': value for key, value in misfit.items()}
        with pytest.raises(WeightsError, match=f'latest.pth .{part}.: does not fit SPADE.* .{message}; ') as error:
            load_for_prediction(model, state, 'latest.pth')
        assert '\n' not in str(error.value)
