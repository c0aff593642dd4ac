"""The contrast trains a model that knows nothing of genzoo."""
import pytest
import torch
from torch import nn

from genzoo.models.losses import MoNCELoss, MoNCEVGGLoss, draw_patch_ids, gather_patches, l2_normalize


@pytest.fixture
def autoencoder():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 4, 2, 1), nn.ReLU(),
                         nn.ConvTranspose2d(16, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh())


@pytest.fixture
def features():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1)).requires_grad_(False)


def smooth_images(seed, count=8):
    grid = torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return nn.functional.interpolate(grid, scale_factor=4, mode='bicubic').tanh()


def train(autoencoder, loss, steps):
    optimizer = torch.optim.Adam(autoencoder.parameters(), lr=3e-3)
    for step in range(steps):
        images = smooth_images(step)
        value = loss(autoencoder(images), images)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()


@torch.no_grad()
def found_places(autoencoder, features):
    """Share of the patches of reconstructions whose most similar patch of the source is their own; chance 1/64."""
    images = smooth_images(10_000)
    q, k = (l2_normalize(features(x).flatten(2).mT) for x in (autoencoder(images), images))
    return ((q @ k.mT).argmax(-1) == torch.arange(q.shape[1])).float().mean().item()


def contrast_of(features, settings, shift=0):
    """A loss of (fake, real); ``shift`` moves the keys to wrong places."""
    contrast = MoNCELoss(num_patches=32, eps=0.1, **settings)

    def loss(fake, real):
        ids = draw_patch_ids(64, 32)
        q, k = (l2_normalize(gather_patches(features(x), ids)) for x in (fake, real))
        return contrast(q, k.roll(shift, 1))

    return loss


@pytest.mark.parametrize('settings', [dict(weighting='hard'), dict(weighting='easy'), dict(modulation='none')])
def test_a_plain_autoencoder_learns_where_patches_belong(autoencoder, features, settings):
    assert found_places(autoencoder, features) < 0.1
    train(autoencoder, contrast_of(features, settings), 60)
    assert found_places(autoencoder, features) > 0.5


def test_it_learns_nothing_from_keys_at_wrong_places(autoencoder, features):
    train(autoencoder, contrast_of(features, dict(modulation='none'), shift=1), 60)
    assert found_places(autoencoder, features) < 0.1


def test_the_contrast_of_frozen_features_falls_on_images_that_it_was_not_trained_on(autoencoder):
    loss, images = MoNCEVGGLoss(dict(type='RandomConvFeatures', channels=(8, 8, 16, 16, 16))), smooth_images(10_000)
    before = loss(autoencoder(images), images).item()
    train(autoencoder, loss, 30)
    assert loss(autoencoder(images), images).item() < 0.75 * before
