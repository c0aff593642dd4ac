import math

import pytest
import torch

from genzoo.errors import ConfigError, TrainingError
from genzoo.models.losses import MoNCELoss, PatchNCELoss, l2_normalize, optimal_transport_weights


def features(seed, batch=2, patches=6, channels=8):
    return l2_normalize(torch.randn(batch, patches, channels, generator=torch.Generator().manual_seed(seed)))


Q, K = features(0), features(1)


def gradient(loss, q=Q, k=K):
    leaf = q.clone().requires_grad_()
    return torch.autograd.grad(loss(leaf, k), leaf)[0]


def test_patch_nce_is_the_cross_entropy_of_the_own_place():
    logits = (Q @ K.mT / 0.07).flatten(0, 1)
    expected = torch.nn.functional.cross_entropy(logits, torch.arange(6).repeat(2))
    torch.testing.assert_close(PatchNCELoss()(Q, K), expected)


def test_equal_weights_of_one_give_patch_nce():
    torch.testing.assert_close(MoNCELoss(modulation='none')(Q, K), PatchNCELoss()(Q, K))


def test_features_without_structure_give_equal_weights():
    """All similarities equal: each of n - 1 negatives weighs (n - 1) / (N - 1)."""
    same = l2_normalize(torch.ones(1, 5, 4))
    loss = MoNCELoss(num_patches=9, eps=1.0)
    expected = torch.tensor(1 + 4 * 8 / 4).log()
    torch.testing.assert_close(loss(same, same), expected, rtol=1e-3, atol=1e-3)
    actual = MoNCELoss(num_patches=9, scale_with_actual_patches=True)
    torch.testing.assert_close(actual(same, same), torch.tensor(1 + 4 * 4 / 4).log(), rtol=1e-3, atol=1e-3)


def test_weight_without_transport_sums_to_the_same_total():
    log_weights = MoNCELoss(num_patches=6, modulation='weight', neg_weight=0.5).log_weights(Q @ K.mT)
    torch.testing.assert_close(log_weights.exp().sum(-1), torch.full((2, 6), 2.5), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('settings', [dict(), dict(all_negatives=True), dict(modulation='weight', eps=0.5)])
def test_flat_features_with_a_batch_size_are_the_same(settings):
    loss = MoNCELoss(num_patches=6, reduction='none', **settings)
    torch.testing.assert_close(loss(Q.flatten(0, 1), K.flatten(0, 1), batch_size=2), loss(Q, K))


def test_images_are_independent_unless_all_are_negatives():
    alone = MoNCELoss(reduction='none')(Q[:1], K[:1])
    torch.testing.assert_close(MoNCELoss(reduction='none')(Q, K)[:1], alone)
    assert not torch.allclose(MoNCELoss(reduction='none', all_negatives=True)(Q, K)[:1], alone)


@pytest.mark.parametrize(('weighting', 'eps'), [('hard', 0.1), ('easy', 0.1), ('hard', 1.0)])
def test_gradient_flows_through_the_plan_unless_detached(weighting, eps):
    through = gradient(MoNCELoss(6, eps=eps, weighting=weighting))
    detached = gradient(MoNCELoss(6, eps=eps, weighting=weighting, detach_plan=True))
    assert (through - detached).norm() > 0.01 * through.norm()


def test_gradient_is_the_slope():
    loss = MoNCELoss(6, eps=0.5)
    direction = features(2)
    step = 1e-2
    slope = (loss(Q + step * direction, K) - loss(Q - step * direction, K)) / (2 * step)
    torch.testing.assert_close((gradient(loss) * direction).sum(), slope, rtol=2e-2, atol=1e-3)


def test_keys_take_no_gradient():
    k = K.clone().requires_grad_()
    MoNCELoss()(Q.clone().requires_grad_(), k).backward()
    assert k.grad is None


def test_autocast_does_not_reach_the_plan():
    with torch.autocast('cpu', dtype=torch.bfloat16):
        inside = MoNCELoss(eps=0.1)(Q, K)
    assert inside.dtype == torch.float32
    assert inside == MoNCELoss(eps=0.1)(Q, K)


def test_log_domain_is_finite_where_the_plain_form_is_not():
    q = l2_normalize(1 + 0.01 * Q)
    with pytest.raises(TrainingError, match='the loss of shape .* log_domain=True'):
        MoNCELoss(eps=0.005)(q, q)
    assert MoNCELoss(eps=0.005, log_domain=True)(q, q).isfinite()


def test_features_that_are_not_finite_are_named():
    broken = Q.clone()
    broken[0, 0, 0] = math.nan
    with pytest.raises(TrainingError, match='feat_k of shape .* is not finite. Normalise'):
        PatchNCELoss()(Q, broken)


@pytest.mark.parametrize(('shapes', 'batch_size', 'match'), [
    (((12, 8), (12, 8)), None, r'feat_q is \(12, 8\), expected'), (((12, 8), (12, 8)), 5, 'batch_size B'),
    (((2, 6, 8), (2, 5, 8)), None, r'feat_q is \(2, 6, 8\) and feat_k \(2, 5, 8\)')])
def test_wrong_shapes_are_refused(shapes, batch_size, match):
    with pytest.raises(ConfigError, match=match):
        PatchNCELoss()(*(torch.ones(shape) for shape in shapes), batch_size)


@pytest.mark.parametrize(('settings', 'match'), [
    (dict(weighting='soft'), "weighting='soft' is none of hard, easy"), (dict(eps=0), 'eps=0'),
    (dict(modulation='sinkhorn'), 'ot, weight, none'), (dict(reduction='sum'), 'mean, none')])
def test_unknown_settings_are_refused(settings, match):
    with pytest.raises(ConfigError, match=match):
        MoNCELoss(**settings)


def test_compiled_loss_has_the_same_numbers():
    loss = MoNCELoss(6, eps=0.5, num_iters=3)
    compiled = torch.compile(loss, backend='aot_eager', fullgraph=True)
    torch.testing.assert_close(gradient(compiled), gradient(loss))


class TestWeightEntropy:
    def test_equal_weights_have_entropy_1(self):
        loss = MoNCELoss(num_patches=20, modulation='none')
        torch.testing.assert_close(loss.weight_entropy(features(0, patches=20), features(1, patches=20)), torch.ones(2))

    def test_negatives_of_all_images_count_as_those_of_one(self):
        q, k = features(0, patches=20), features(1, patches=20)
        together = MoNCELoss(num_patches=20, all_negatives=True).weight_entropy(q, k)
        flat = [each.flatten(0, 1)[None] for each in (q, k)]
        torch.testing.assert_close(together, MoNCELoss(num_patches=20).weight_entropy(*flat))

    def test_it_falls_with_eps_and_is_that_of_the_plan_without_its_diagonal(self):
        q, k = features(0, patches=20), features(1, patches=20)
        sharp, even = (MoNCELoss(num_patches=20, eps=eps).weight_entropy(q, k) for eps in (.1, 1.))
        assert (sharp < even).all()
        assert (even < 1).all()
        plan = optimal_transport_weights(q, k, 1., 50, 'hard') * (1 - torch.eye(20))
        shares = plan / plan.sum(-1, keepdim=True)
        expected = -(shares * (shares + 1e-30).log()).sum(-1).mean(-1) / torch.tensor(19.).log()
        torch.testing.assert_close(even, expected, rtol=1e-4, atol=1e-5)
