import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.features import LPIPS

published = pytest.importorskip('lpips')
_load = torch.load


@pytest.fixture(scope='module')
def alex(alexnet_file):
    return LPIPS('alex', alexnet_file)


def _published(net, path):
    """The published module around our random backbone."""
    module = published.LPIPS(net=net, pnet_rand=True, verbose=False)
    state = torch.load(path)
    layers = [item for part in module.net.children() for item in part.named_children()]
    for name, layer in layers:
        if hasattr(layer, 'weight'):
            layer.weight.data.copy_(state[f'features.{name}.weight'])
            layer.bias.data.copy_(state[f'features.{name}.bias'])
    return module


@pytest.fixture
def images():
    return torch.rand(2, 3, 64, 64) * 2 - 1, torch.rand(2, 3, 64, 64) * 2 - 1


@pytest.fixture(params=['alex', 'vgg'])
def net_and_file(request, alexnet_file, vgg16_file):
    return request.param, {'alex': alexnet_file, 'vgg': vgg16_file}[request.param]


def test_distances_are_those_of_the_published_module(net_and_file, images, monkeypatch):
    monkeypatch.setattr(torch, 'load', lambda path, **args: _load(path, **{'map_location': 'cpu', **args}))
    net, file = net_and_file
    with torch.no_grad():
        expected = _published(net, file)(*images).flatten()
        distances = LPIPS(net, file)(*images)
    assert distances.shape == (2,)
    torch.testing.assert_close(distances, expected, rtol=1e-4, atol=1e-6)


def test_equal_images_are_at_distance_zero(alex, images):
    assert alex(images[0], images[0]).tolist() == [0, 0]


def test_distance_is_symmetric_and_positive(alex, images):
    there, back = alex(*images), alex(*reversed(images))
    torch.testing.assert_close(there, back)
    assert (there > 0).all()


def test_heads_are_the_published_ones_and_not_negative(net_and_file):
    heads = LPIPS(*net_and_file).heads
    assert [len(head) for head in heads][1:3] == {'alex': [192, 384], 'vgg': [128, 256]}[net_and_file[0]]
    assert all((head >= 0).all() and head.sum() > 0 for head in heads)


def test_gradients_reach_the_image_but_no_weight(alex, images):
    first = images[0].requires_grad_()
    alex.train()(first, images[1]).sum().backward()
    assert first.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in alex.parameters())


def test_the_gradient_is_finite_where_no_channel_fires(alex, monkeypatch):
    """Dead pixels have features of length 0."""
    image = torch.zeros(1, 3, 64, 64, requires_grad=True)
    bias = torch.full_like(alex.features[0].bias, -1e3)
    monkeypatch.setattr(alex.features[0], 'bias', torch.nn.Parameter(bias, requires_grad=False))
    alex(image, torch.rand(1, 3, 64, 64)).sum().backward()
    assert image.grad.isfinite().all()


def test_an_unknown_backbone_is_refused():
    with pytest.raises(ConfigError, match='squeeze'):
        LPIPS('squeeze')
