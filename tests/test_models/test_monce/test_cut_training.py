"""CUT at 16 pixels with a few channels, and batches for it."""
import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from genzoo.models.monce import CUT

SIZE = 16


@pytest.fixture
def make_cut():
    """``make_cut(**changes)``: always the same weights, with contrast on four layers of two sizes."""
    def make(**changes):
        torch.manual_seed(5)
        settings = dict(
            generator=dict(type='CUTResnetGenerator', base_channels=4, num_blocks=2),
            discriminator=dict(type='CUTPatchDiscriminator', base_channels=4, num_layers=1),
            patch_sampler=dict(type='PatchSampler', nc=8), loss_gan=dict(type='GANLoss', gan_type='lsgan'),
            loss_contrast=dict(type='MoNCELoss', num_patches=64, eps=.5, loss_weight=2.),
            nce_layers=(0, 4, 8, 12), num_patches=64, example_size=SIZE)
        model = CUT(**dict(settings, **changes)).train()
        for parameter in model.parameters():  # outputs far from zero, so that nothing wrong stays hidden
            torch.nn.init.normal_(parameter, std=.3)
        return model
    return make


@pytest.fixture
def make_optimizers():
    """``make_optimizers(model, Optimizer, lr, **arguments)``: one a network."""
    def make(model, optimizer=torch.optim.SGD, lr=.02, **kwargs):
        names = [name for name in ('generator', 'discriminator', 'patch_sampler') if hasattr(model, name)]
        return OptimWrapperDict(**{
            name: OptimWrapper(optimizer(getattr(model, name).parameters(), lr, **kwargs)) for name in names})
    return make


@pytest.fixture
def make_batch():
    """``make_batch(size=2, seed=0)``: what a loader would yield."""
    def make(size=2, seed=0, side=SIZE):
        generator = torch.Generator().manual_seed(seed)
        images = torch.randint(0, 256, (2, size, 3, side, side), dtype=torch.uint8, generator=generator)
        return dict(inputs=dict(img_a=images[0], img_b=images[1]), data_samples=None)
    return make
