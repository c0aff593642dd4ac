import pytest
import torch

from genzoo.registry import MODELS


def build(**settings):
    return MODELS.build(dict(type='SPADEMultiscaleDiscriminator', **settings))


def image(side):
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(('labels', 'count'), [(151, 5_836_930), (19, 5_566_594)])
def test_official_sizes_have_the_published_number_of_weights(labels, count):
    with torch.device('meta'):
        assert sum(weight.numel() for weight in build(label_channels=labels).parameters()) == count


def test_discriminator_of_pairs_has_maps_one_larger_than_usual():
    net = build(label_channels=2, base_channels=2)
    scales = net(torch.ones(1, 2, 64, 64), image(64))
    assert [[maps.shape[2] for maps in scale] for scale in scales] == [[33, 17, 9, 10, 11], [17, 9, 5, 6, 7]]


def test_spectral_norm_bounds_the_judge():
    net = build(label_channels=1, base_channels=2)
    conv = net.scales[0].stages[1][0]
    for _ in range(50):
        net(torch.ones(1, 1, 32, 32), image(32))
    assert torch.linalg.matrix_norm(conv.weight.detach().flatten(1), 2) == pytest.approx(1, rel=1e-3)
