import pytest
import torch

from genzoo.models.layers import BlurDownsample, BlurUpsample, xavier_normal_init


@pytest.mark.parametrize(('height', 'width'), [(8, 12), (7, 5)])
def test_sizes_are_halved_and_doubled(height, width):
    x = torch.rand(2, 3, height, width)
    assert BlurDownsample(3)(x).shape == (2, 3, -(-height // 2), -(-width // 2))
    assert BlurUpsample(3)(x).shape == (2, 3, 2 * height, 2 * width)


@pytest.mark.parametrize('layer', [BlurDownsample(2), BlurUpsample(2)])
def test_even_areas_stay_as_they_are_up_to_the_border(layer):
    constant = torch.tensor([.25, -2.])[None, :, None, None].expand(1, 2, 6, 6)
    torch.testing.assert_close(layer(constant), constant[:, :, :1, :1].expand_as(layer(constant)))


def test_downsampling_weighs_neighbours_1_2_1():
    x = torch.zeros(1, 1, 7, 7)
    x[0, 0, 3, 4] = 16.
    expected = torch.zeros(4, 4)
    expected[1:3, 2] = 2.  # row 3 lies between kept rows 2 and 4, column 4 is kept
    torch.testing.assert_close(BlurDownsample(1)(x)[0, 0], expected)


def test_upsampling_is_linear_interpolation_between_pixel_centres():
    x = torch.rand(1, 2, 5, 6)
    expected = torch.nn.functional.interpolate(x, scale_factor=2, mode='bilinear')
    torch.testing.assert_close(BlurUpsample(2)(x), expected)


def test_channels_do_not_mix():
    x = torch.rand(1, 3, 8, 8)
    x[:, 1] = 0
    assert BlurDownsample(3)(x)[:, 1].eq(0).all()
    assert BlurUpsample(3)(x)[:, 1].eq(0).all()


def test_a_stripe_pattern_that_halving_would_alias_becomes_grey():
    stripes = torch.tensor([1., -1.]).repeat(8).expand(1, 1, 16, 16)
    assert BlurDownsample(1)(stripes).abs().max() < 1e-6


def test_kernels_are_in_no_checkpoint():
    assert not BlurDownsample(4).state_dict()
    assert not BlurUpsample(4).state_dict()


def test_xavier_init_has_the_gain_and_no_bias():
    layer = torch.nn.Sequential(torch.nn.Conv2d(64, 64, 3), torch.nn.Linear(200, 300))
    xavier_normal_init(layer, .02)
    assert layer[0].weight.std().item() == pytest.approx(.02 * (2 / (2 * 64 * 9)) ** .5, rel=.03)
    assert layer[1].weight.std().item() == pytest.approx(.02 * (2 / 500) ** .5, rel=.03)
    assert layer[0].bias.eq(0).all()
    assert layer[1].bias.eq(0).all()
