import pytest
import torch

from genzoo.converters import monce_paired as converter
from genzoo.registry import MODELS

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
