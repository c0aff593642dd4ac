import pytest
import torch
import torchvision
from torchvision.transforms.functional import normalize

from genzoo.errors import ConfigError, WeightsError
from genzoo.models.features import IMAGENET_MEAN, IMAGENET_STD, VGG16Embedding, VGGFeatures, vgg_layer_names


@pytest.fixture(scope='module')
def reference(vgg16_file):
    features = torchvision.models.vgg16(weights=None, init_weights=False).features.eval()
    state = {key.removeprefix('features.'): value for key, value in torch.load(vgg16_file).items()}
    features.load_state_dict(state)
    return features


@pytest.mark.parametrize('depth', [16, 19])
def test_layer_names_follow_torchvisions_layers(depth):
    layers = getattr(torchvision.models, f'vgg{depth}')(weights=None, init_weights=False).features
    kinds = dict(Conv2d='conv', ReLU='relu', MaxPool2d='pool')
    names = vgg_layer_names(depth)
    assert len(names) == len(layers)
    assert all(name.startswith(kinds[type(layer).__name__]) for name, layer in zip(names, layers))


def test_vgg19_names_stand_at_the_published_indices():
    names = vgg_layer_names(19)
    assert [names.index(f'relu{block}_1') for block in range(1, 6)] == [1, 6, 11, 20, 29]


def test_maps_are_torchvisions(vgg16_file, reference):
    images = torch.rand(1, 3, 32, 32)
    out = VGGFeatures(['relu2_2', 'relu1_1'], depth=16, path=vgg16_file)(2 * images - 1)
    x = normalize(images, IMAGENET_MEAN, IMAGENET_STD)
    assert list(out) == ['relu2_2', 'relu1_1']
    torch.testing.assert_close(out['relu1_1'], reference[:2](x), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(out['relu2_2'], reference[:9](x), rtol=1e-4, atol=1e-4)


def test_images_can_go_in_as_they_are(vgg16_file, reference):
    images = torch.rand(1, 3, 32, 32) * 2 - 1
    out = VGGFeatures([1], depth=16, normalize=False, path=vgg16_file)(images)
    torch.testing.assert_close(out[1], reference[:2](images))


def test_a_tapped_convolution_is_not_overwritten_by_its_relu(vgg16_file):
    out = VGGFeatures(['conv1_1', 'relu1_1'], depth=16, path=vgg16_file)(torch.rand(1, 3, 16, 16))
    assert out['conv1_1'].min() < 0
    torch.testing.assert_close(out['relu1_1'], out['conv1_1'].relu())


def test_layers_past_the_last_tap_are_dropped(vgg16_file):
    assert len(VGGFeatures(['relu1_2', 'relu1_1'], depth=16, path=vgg16_file).features) == 4


@pytest.mark.parametrize('layer', ['relu6_1', 31, -1])
def test_a_layer_that_does_not_exist_is_named(layer):
    with pytest.raises(ConfigError, match=str(layer)):
        VGGFeatures([layer], depth=16)


def test_a_depth_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match='depth=17'):
        VGGFeatures(['relu1_1'], depth=17)


def test_gradients_reach_the_image_but_no_weight(vgg16_file):
    features = VGGFeatures(['relu1_2'], depth=16, path=vgg16_file).train()
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    features(images)['relu1_2'].sum().backward()
    assert images.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in features.parameters())


def _narrow():
    net = torchvision.models.vgg16(weights=None, init_weights=False)
    net.classifier[0], net.classifier[3] = torch.nn.Linear(512 * 49, 8), torch.nn.Linear(8, 6)
    net.classifier[6] = torch.nn.Identity()
    net.features = torch.nn.Conv2d(3, 512, 32, stride=32)
    return net


def test_embedding_is_the_second_layer_of_torchvisions_classifier(tmp_path, monkeypatch, save_scaled):
    # The real network of 138 million parameters is too much for a test.
    with torch.device('meta'):
        whole = _narrow()
    whole.to_empty(device='cpu')
    monkeypatch.setattr('genzoo.models.features.vgg._vgg16', _narrow)
    save_scaled(whole, tmp_path / 'vgg16.pth')
    whole.load_state_dict(torch.load(tmp_path / 'vgg16.pth'))
    images = torch.rand(2, 3, 224, 224)
    found = VGG16Embedding(tmp_path / 'vgg16.pth')(2 * images - 1)['fc2']
    expected = whole.eval()(normalize(images, IMAGENET_MEAN, IMAGENET_STD))
    torch.testing.assert_close(found, expected.relu(), rtol=1e-3, atol=1e-3)
    assert found.shape == (2, 6)


def test_embedding_refuses_a_file_without_its_classifier(vgg16_file):
    with pytest.raises(WeightsError, match='vgg16'):
        VGG16Embedding(vgg16_file)
