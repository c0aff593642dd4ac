import pytest
import torch

from genzoo.registry import MODELS
from genzoo.structures import DataSample

ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))


def random_image(seed, side=16, batch=2):
    return torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture
def cut():
    def build(**settings):
        torch.manual_seed(0)
        return MODELS.build(dict(dict(
            type='CUT', generator=dict(type='CUTResnetGenerator', base_channels=2, num_blocks=2),
            discriminator=dict(type='CUTPatchDiscriminator', base_channels=2, num_layers=1),
            patch_sampler=dict(type='PatchSampler', nc=8), loss_gan=dict(type='GANLoss', gan_type='lsgan'),
            loss_contrast=dict(type='MoNCELoss', num_patches=8, num_iters=5), nce_layers=(0, 4, 12), num_patches=8),
            **settings))
    return build


@pytest.fixture
def spade():
    def build(**settings):
        torch.manual_seed(0)
        return MODELS.build(dict(dict(
            type='SPADEModel', generator=dict(type='SPADEGenerator', label_channels=3, base_channels=2, crop_size=32),
            discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=3, base_channels=2),
            loss_gan=dict(type='GANLoss', gan_type='hinge'),
            loss_features=dict(type='DiscriminatorFeatureMatchingLoss'),
            loss_contrast=dict(type='MoNCEVGGLoss', num_patches=8, features=dict(
                type='RandomConvFeatures', channels=(4, 4), strides=(2, 2)), level_weights=(.5, 1.))), **settings))
    return build


def optimizers(model, *names):
    from mmengine.optim import OptimWrapper, OptimWrapperDict
    return OptimWrapperDict(**{name: OptimWrapper(torch.optim.SGD(getattr(model, name).parameters(), lr=0.1))
                               for name in names})


def samples(count):
    return [DataSample(key=f'item{number}') for number in range(count)]
