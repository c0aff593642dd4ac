"""SSA-GAN at 16 pixels with a few channels, and batches for it."""
import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from genzoo.models.ssagan import SSAGAN
from genzoo.registry import MODELS

WORDS, COND, SIZE = 12, 16, 16
TEXT = dict(type='DAMSMTextEncoder', vocab_size=WORDS, embed_dim=6, out_channels=COND, drop_prob=0.)
IMAGE = dict(type='DAMSMImageEncoder', out_channels=COND, trunk='tiny', input_size=None)
GENERATOR = dict(type='SSACNGenerator', base_channels=4, noise_size=5, cond_channels=COND, resolution=SIZE,
                 channel_mults=(2, 2, 1), mask_channels=3)
DISCRIMINATOR = dict(type='OneWayDiscriminator', base_channels=4, cond_channels=COND, resolution=SIZE,
                     channel_mults=(2, 2))


def _awaken(module):
    """Fills what starts at zero, so that nothing that is wrong behind it stays hidden."""
    for parameter in module.parameters():
        if parameter.eq(0).all():
            nn.init.normal_(parameter, std=.3)
    return module


@pytest.fixture
def awaken():
    return _awaken


@pytest.fixture
def build():
    """``build('generator', **changes)``: one part of the small model, nothing at zero."""
    parts = dict(generator=GENERATOR, discriminator=DISCRIMINATOR, text_encoder=TEXT, image_encoder=IMAGE)

    def make(part, **changes):
        return _awaken(MODELS.build(dict(parts[part], **changes)))
    return make


@pytest.fixture
def make_ssagan():
    """``make_ssagan(text={}, **arguments)``: always the same weights."""
    def make(text=None, **kwargs):
        torch.manual_seed(5)
        model = SSAGAN(
            generator=GENERATOR, discriminator=DISCRIMINATOR, text_encoder=dict(TEXT, **(text or {})),
            image_encoder=IMAGE, loss_gan=dict(type='HingeMatchingGANLoss'),
            loss_gp=dict(type='MatchingAwareGradientPenalty'),
            loss_damsm=dict(type='DAMSMLoss', loss_weight=.5), **kwargs)
        return _awaken(model).train()
    return make


@pytest.fixture
def make_optimizers():
    """``make_optimizers(model, Optimizer, lr, **arguments)``: one a network; the encoders share one."""
    def make(model, optimizer=torch.optim.SGD, lr=.02, **kwargs):
        groups = dict(generator=[model.generator], discriminator=[model.discriminator])
        if hasattr(model, 'loss_encoders'):
            groups['encoders'] = [model.text_encoder, model.image_encoder]
        return OptimWrapperDict(**{
            name: OptimWrapper(optimizer([parameter for module in modules for parameter in module.parameters()
                                          if parameter.requires_grad], lr, **kwargs))
            for name, modules in groups.items()})
    return make


@pytest.fixture
def make_batch():
    """``make_batch(size=4, seed=0)``: what a loader would yield; lengths are not in order, classes repeat."""
    def make(size=4, seed=0):
        generator = torch.Generator().manual_seed(seed)
        lengths = (torch.arange(size) * 3 + 1) % 5 + 1
        ids = torch.randint(1, WORDS, (size, 6), generator=generator)
        return dict(
            inputs=dict(
                img=torch.randint(0, 256, (size, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator),
                caption_ids=ids * (torch.arange(6) < lengths[:, None]), caption_length=lengths,
                class_id=torch.arange(size) % 3),
            data_samples=None)
    return make
