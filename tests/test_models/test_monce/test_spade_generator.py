import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.registry import MODELS


def build(**settings):
    return MODELS.build(dict(type='SPADEGenerator', **settings))


@pytest.mark.parametrize(('labels', 'count'), [(151, 96_492_483), (19, 92_538_819)])
def test_official_sizes_have_the_published_number_of_weights(labels, count):
    with torch.device('meta'):
        assert sum(weight.numel() for weight in build(label_channels=labels).parameters()) == count


@pytest.mark.parametrize(('kind', 'crop', 'aspect', 'size'), [
    ('normal', 32, 1.0, (32, 32)), ('more', 128, 2.0, (64, 128)),
    ('most', 128, 1.0, (128, 128))])
def test_it_makes_images_of_its_size(kind, crop, aspect, size):
    net = build(label_channels=3, base_channels=2, crop_size=crop, aspect_ratio=aspect,
                num_upsampling_layers=kind).eval()
    assert net.image_size == size
    assert net(torch.ones(1, 3, *size)).shape == (1, 3, *size)


def test_it_can_start_from_noise():
    net = build(label_channels=3, base_channels=2, crop_size=32, use_vae=True, noise_size=5).eval()
    labels = torch.ones(2, 3, 32, 32)
    one, two = net(labels, torch.eye(2, 5))
    assert not torch.equal(one, two)


def test_it_of_too_small_an_image_is_refused():
    with pytest.raises(ConfigError, match='crop_size=16 is too small'):
        build(label_channels=3, crop_size=16)


@pytest.mark.parametrize(('crop', 'aspect', 'made'), [(48, 1.0, '32x32'), (128, 1.5, '128x96')])
def test_sizes_that_it_would_not_make_are_refused(crop, aspect, made):
    with pytest.raises(ConfigError, match=f'crop_size={crop}, .*would make images of {made} .*multiples of 32'):
        build(label_channels=3, base_channels=2, crop_size=crop, aspect_ratio=aspect)
