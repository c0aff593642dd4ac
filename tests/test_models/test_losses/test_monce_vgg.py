import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.losses import draw_patch_ids, gather_patches, l2_normalize
from genzoo.registry import MODELS

SMALL = dict(type='RandomConvFeatures', channels=(4, 4, 8, 8, 8))


def images(seed, batch=2):
    return torch.rand(batch, 3, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def build(**settings):
    return MODELS.build(dict(type='MoNCEVGGLoss', features=SMALL, num_patches=16, **settings))


@pytest.mark.parametrize('preset', ['released', 'paper'])
def test_same_image_costs_less_than_another(preset):
    loss, generator = build(preset=preset), torch.Generator()
    same, other = (loss(image, images(0), generator=generator.manual_seed(0)) for image in (images(0), images(1)))
    assert same < other


def test_only_the_last_level_of_the_released_form_is_weighted():
    released, plain = build(), build(preset='paper')
    ids = [draw_patch_ids(side * side, 16, torch.Generator().manual_seed(0)) for side in (16, 8, 8, 4, 4)]
    a, b = (loss.level_losses(images(0), images(1), ids) for loss in (released, plain))
    assert not any(torch.allclose(x, y) for x, y in zip(a, b))
    assert {type(contrast).__name__ for contrast in released.contrasts[:4]} == {'PatchNCELoss'}


def test_factor_of_the_released_plan_cancels_out():
    ids = [torch.arange(16)] * 5
    a, b = (build(ot_weight=weight)(images(0), images(1), ids) for weight in (128., 256.))
    torch.testing.assert_close(a, b)


def test_maps_smaller_than_the_number_of_patches_use_all_positions():
    loss = build()
    loss.num_patches = 100
    assert [level.shape[1] for level in loss.level_losses(images(0), images(1))] == [100, 64, 64, 16, 16]


def test_gradient_reaches_the_generated_image_only():
    fake, real = images(0).requires_grad_(), images(1).requires_grad_()
    loss = build()
    loss(fake, real).backward()
    assert fake.grad.abs().sum() > 0
    assert real.grad is None
    assert all(weight.grad is None for weight in loss.parameters())


@pytest.mark.parametrize(('preset', 'plans'), [('released', [(2, 16, 16)]), ('paper', [(6, 32, 32), (4, 16, 16)])])
def test_levels_of_equally_many_patches_share_one_plan_and_no_other_has_one(preset, plans, monkeypatch):
    loss, shapes = build(preset=preset), []
    loss.num_patches = 32
    weigh = loss.contrasts[-1].log_weights
    monkeypatch.setattr(loss.contrasts[-1], 'log_weights', lambda similarity: shapes.append(
        tuple(similarity.shape)) or weigh(similarity))
    ids = [torch.arange(min(32, side * side)) for side in (16, 8, 8, 4, 4)]
    together = loss.level_losses(images(0), images(1), ids)
    assert shapes == plans
    maps = [loss.features(image).values() for image in (images(0), images(1))]
    alone = [contrast(*(l2_normalize(gather_patches(map_of, places)) for map_of in pair))
             for contrast, places, *pair in zip(loss.contrasts, ids, *maps)]
    torch.testing.assert_close(together, alone)


def test_features_of_the_real_image_keep_no_graph():
    loss, seen = build(), []
    loss.features.register_forward_hook(lambda _, inputs, maps: seen.append(next(iter(maps.values())).requires_grad))
    loss(images(0).requires_grad_(), images(1).requires_grad_())
    assert seen == [False, True]


def test_levels_and_weights_must_agree():
    with pytest.raises(ConfigError, match='2 level_weights for 5 feature maps'):
        build(level_weights=(1., 1.))(images(0), images(1))


def test_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match='released, paper'):
        build(preset='official')


def test_frozen_network_is_not_saved_and_stays_when_loading():
    loss = build()
    assert loss.state_dict() == {}
    before = loss.features.layers[0].weight.clone()
    loss.load_state_dict({})
    assert torch.equal(loss.features.layers[0].weight, before)
