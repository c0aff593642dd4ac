import copy

import pytest
import torch
from torch import nn

from genzoo.errors import ConfigError, WeightsError
from genzoo.models.features import HookedFeatures
from genzoo.models.losses import MoNCEVGGLoss
from genzoo.models.monce import PatchSampler
from genzoo.registry import MODELS

RESNET = dict(type='torchvision.models.resnet18')
LAYERS = ('conv1', 'layer2', 'layer1.0.bn2')


def images(seed=0):
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def resnet(**settings):
    return MODELS.build(dict(dict(type='HookedFeatures', backbone=RESNET, layers=LAYERS, path='random'), **settings))


class Overwriting(nn.Module):
    """What follows its only layer works in place."""

    def __init__(self):
        super().__init__()
        self.layer, self.unused, self.pool = nn.Conv2d(3, 4, 3), nn.Identity(), nn.AdaptiveAvgPool1d(1)

    def forward(self, x):
        x = self.layer(x)
        x += 1
        return self.pool(x.relu_().flatten(2))


def test_they_are_the_outputs_of_the_layers_in_the_order_named():
    features = resnet(normalize=False)
    net, found = features.backbone, features(images())
    assert tuple(found) == LAYERS
    start = net.conv1(images())
    pooled = net.maxpool(net.bn1(start).relu())
    torch.testing.assert_close(found['conv1'], start)
    torch.testing.assert_close(found['layer2'], net.layer2(net.layer1(pooled)))
    block = net.layer1[0]
    torch.testing.assert_close(found['layer1.0.bn2'], block.bn2(block.conv2(block.bn1(block.conv1(pooled)).relu())))


def test_what_later_layers_overwrite_is_kept():
    net = Overwriting()
    found = HookedFeatures(net, ['layer'], normalize=False)(images())['layer']
    torch.testing.assert_close(found, net.layer(images()))
    assert found.min() < 0


def test_images_are_standardised_unless_told_otherwise():
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in ((.485, .456, .406), (.229, .224, .225)))
    found = resnet()(images())['layer2']
    torch.testing.assert_close(found, resnet(normalize=False)(((images() + 1) / 2 - mean) / std)['layer2'])


def test_the_network_is_frozen_and_images_take_gradients():
    features, fakes = resnet().train(), images().requires_grad_()
    features(fakes)['layer2'].sum().backward()
    assert fakes.grad.abs().sum() > 0
    assert not features.backbone.training
    assert not any(weight.requires_grad for weight in features.parameters())


def test_no_hook_stays_and_copies_are_independent():
    features = resnet()
    twin = copy.deepcopy(features)
    for weight in twin.parameters():
        weight.data.zero_()
    assert twin(images())['layer2'].abs().max() == 0
    assert features(images())['layer2'].abs().max() > 0
    assert not any(module._forward_hooks for module in features.modules())


def test_random_weights_are_the_same_each_time_and_keep_the_signal():
    first, second = (resnet()(images())['layer2'] for _ in range(2))
    assert torch.equal(first, second)
    assert first.std() > .1


def test_weights_of_a_file_are_loaded_strictly(tmp_path):
    saved = resnet(backbone=RESNET, path=None)
    torch.save(saved.backbone.state_dict(), tmp_path / 'net.pth')
    loaded = resnet(path=tmp_path / 'net.pth')
    torch.testing.assert_close(loaded(images()), saved(images()))
    with pytest.raises(WeightsError, match=r'net\.pth: does not fit Overwriting'):
        HookedFeatures(Overwriting(), ['layer'], path=tmp_path / 'net.pth')
    with pytest.raises(WeightsError, match='missing.pth'):
        resnet(path=tmp_path / 'missing.pth')


@pytest.mark.parametrize(('layers', 'match'), [
    (['layer9'], r"ResNet has no layer 'layer9'\. Did you mean 'layer"), ([], 'layers is empty'),
    ([''], "no layer ''")])
def test_layers_that_do_not_exist_are_named(layers, match):
    with pytest.raises(ConfigError, match=match):
        resnet(layers=layers)


@pytest.mark.parametrize(('layer', 'match'), [
    ('unused', "layer 'unused' of Overwriting put out nothing"), ('pool', r'a tensor \(2, 4, 1\), expected \(N, C, h')])
def test_layers_without_feature_maps_are_named(layer, match):
    with pytest.raises(ConfigError, match=match):
        HookedFeatures(Overwriting(), [layer])(images())


def test_the_perceptual_contrast_looks_through_it():
    loss = MoNCEVGGLoss(dict(type='HookedFeatures', backbone=RESNET, layers=LAYERS, path='random'),
                        level_weights=(.5, .5, 1.), num_patches=16)
    fakes = images(1).requires_grad_()
    loss(fakes, images()).backward()
    assert fakes.grad.abs().sum() > 0
    assert loss(images(), images()) < loss(fakes, images())


def test_a_patch_sampler_takes_its_maps():
    maps = list(resnet()(images()).values())
    samples, _ = PatchSampler(nc=8, in_channels=(64, 128, 64))(maps, num_patches=4)
    assert [tuple(sample.shape) for sample in samples] == [(2, 4, 8)] * 3


def test_predictions_do_without_its_file():
    from genzoo.apis.model import without_weight_files
    loss = dict(type='MoNCEVGGLoss', level_weights=(1.,), features=dict(
        type='HookedFeatures', backbone=RESNET, layers=['conv1'], path='missing.pth'))
    assert MODELS.build(without_weight_files(loss)).features.layers == ('conv1',)
