import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.losses import draw_patch_ids, gather_patches, l2_normalize, optimal_transport_weights
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


def written_out(query, key, neg_weight):
    """The easy plan on one level of one image, (n, C) each, place by place; no shift of the positive."""
    similarity, n = (query @ key.T).double(), len(query)
    plan = optimal_transport_weights(query[None], key[None], eps=.5, num_iters=50, weighting='easy')[0].double()
    losses = []
    for i in range(n):
        weights = plan[i] * (n - 1) * neg_weight + 1e-8
        logits = (similarity[i] / .07 + weights.log()).index_fill(0, torch.tensor(i), -10 / .07)
        positive = similarity[i, i] / .07
        losses.append(torch.logaddexp(positive, logits.logsumexp(0)) - positive)
    return torch.stack(losses).float()


def test_the_papers_form_weighs_every_level_by_the_number_of_its_own_patches():
    loss = MODELS.build(dict(type='MoNCEVGGLoss', features=SMALL, preset='paper', eps=.5, neg_weight=.5,
                             num_patches=100))
    ids = [torch.arange(min(100, side * side)) for side in (16, 8, 8, 4, 4)]
    maps = [loss.features(image).values() for image in (images(0, 1), images(1, 1))]
    for found, places, *pair in zip(loss.level_losses(images(0, 1), images(1, 1), ids), ids, *maps):
        query, key = (l2_normalize(gather_patches(level, places)) for level in pair)
        torch.testing.assert_close(found[0], written_out(query[0], key[0], .5), rtol=1e-4, atol=1e-4)
        weights = loss.contrasts[0].log_weights(query @ key.mT).exp()
        torch.testing.assert_close(weights.sum(-1), torch.full((1, len(places)), .5 * (len(places) - 1)))


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


@pytest.mark.parametrize(('settings', 'match'), [
    (dict(num_patches=1), 'MoNCEVGGLoss: num_patches=1: must be a whole number, 2 or more'),
    (dict(ot_weight=0), 'MoNCEVGGLoss: ot_weight=0: must be a number above 0')])
def test_numbers_that_weigh_nothing_are_refused(settings, match):
    with pytest.raises(ConfigError, match=match):
        MODELS.build(dict(dict(type='MoNCEVGGLoss', features=SMALL), **settings))


def test_images_of_unlike_size_are_refused():
    with pytest.raises(ConfigError, match=r'fake is \(2, 3, 16, 8\) and real \(2, 3, 16, 16\); both'):
        build()(images(0)[..., :8], images(1))


@pytest.mark.parametrize('count', [4, 6])
def test_places_are_given_for_every_level(count):
    with pytest.raises(ConfigError, match=f'{count} ids for 5 feature maps'):
        build()(images(0), images(1), [torch.arange(4)] * count)


def test_unknown_preset_is_refused():
    with pytest.raises(ConfigError, match='released, paper'):
        build(preset='official')


def test_frozen_network_is_not_saved_and_stays_when_loading():
    loss = build()
    assert loss.state_dict() == {}
    before = loss.features.layers[0].weight.clone()
    loss.load_state_dict({})
    assert torch.equal(loss.features.layers[0].weight, before)
