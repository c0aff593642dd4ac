import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.losses import log_sinkhorn, optimal_transport_weights, sinkhorn, softmax_weights, transport_plan


@pytest.fixture
def similarity():
    q, k = (torch.nn.functional.normalize(torch.randn(2, 12, 8, generator=torch.Generator().manual_seed(seed)), dim=-1)
            for seed in (0, 1))
    return q @ k.mT


def test_plan_has_the_marginals_that_were_asked_for():
    kernel = torch.rand(3, 4, 6, generator=torch.Generator().manual_seed(0)) + 0.1
    plan = sinkhorn(kernel, 200)
    torch.testing.assert_close(plan.sum(-2), torch.ones(3, 6))
    torch.testing.assert_close(plan.sum(-1), torch.full((3, 4), 1.5))


def iterations(kernel, num_iters, row_target):
    """Sinkhorn's iterations as they are written down."""
    v = torch.ones_like(kernel[..., 0, :])
    for _ in range(num_iters):
        u = row_target / torch.einsum('...ij,...j->...i', kernel, v)
        v = 1 / torch.einsum('...ij,...i->...j', kernel, u)
    return torch.einsum('...i,...ij,...j->...ij', u, kernel, v)


@pytest.mark.parametrize('num_iters', [1, 2, 7])
def test_gradient_is_that_of_every_iteration(num_iters):
    kernel = torch.rand(2, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
    weights = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    leaf = kernel.requires_grad_()
    plans = sinkhorn(leaf, num_iters, 2.5), iterations(leaf, num_iters, 2.5)
    torch.testing.assert_close(*plans)
    torch.testing.assert_close(*(torch.autograd.grad((plan * weights).sum(), leaf)[0] for plan in plans))
    assert torch.autograd.gradcheck(lambda values: sinkhorn(values, num_iters), leaf[0])


def test_the_gradient_of_a_gradient_is_refused_unless_the_log_domain_has_it(similarity):
    similarity = similarity.double().requires_grad_()

    def squared_slope(log_domain):
        plan = transport_plan(similarity, log_domain=log_domain)
        slope, = torch.autograd.grad((plan * similarity).sum(), similarity, create_graph=True)
        return slope.square().sum()

    with pytest.raises(ConfigError, match='a gradient of its gradient .* Set log_domain=True'):
        squared_slope(log_domain=False)
    assert torch.autograd.grad(squared_slope(log_domain=True), similarity)[0].isfinite().all()


def test_plan_of_a_constant_kernel_is_constant():
    torch.testing.assert_close(sinkhorn(torch.full((5, 5), 3.0), 1), torch.full((5, 5), 0.2))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_gradient_is_the_same_from_a_backward_under_autocast(similarity, dtype):
    leaf, weights = similarity.requires_grad_(), torch.randn(2, 12, 12)
    value = (transport_plan(leaf, 0.05, weighting='easy') * weights).sum()
    expected, = torch.autograd.grad(value, leaf, retain_graph=True)
    with torch.autocast('cpu', dtype=dtype):
        assert torch.equal(torch.autograd.grad(value, leaf)[0], expected)


@pytest.mark.parametrize('weighting', ['hard', 'easy'])
@pytest.mark.parametrize('eps', [1.0, 0.1])
def test_log_domain_gives_the_same_plan_and_gradient(similarity, weighting, eps):
    grads, plans = [], []
    for log_domain in (False, True):
        leaf = similarity.clone().requires_grad_()
        plan = transport_plan(leaf, eps, weighting=weighting, log_domain=log_domain)
        grads += torch.autograd.grad(plan.square().sum(), leaf)
        plans.append(plan.detach())
    torch.testing.assert_close(plans[1], plans[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(grads[1], grads[0], rtol=1e-3, atol=1e-5)


def test_log_domain_is_stable_where_the_plain_form_overflows(similarity):
    similar = 0.9 + 0.1 * similarity
    assert not transport_plan(similar, eps=0.005).isfinite().all()
    plan = transport_plan(similar, eps=0.005, log_domain=True)
    torch.testing.assert_close(plan.sum(-2), torch.ones(2, 12))


def test_hard_weighting_follows_similarity_and_easy_goes_against_it(similarity):
    others = ~torch.eye(12, dtype=torch.bool)
    for weighting, sign in (('hard', 1), ('easy', -1)):
        for weights in (transport_plan(similarity, 1.0, weighting=weighting),
                        softmax_weights(similarity, 1.0, weighting)):
            pair = torch.stack([similarity[:, others].flatten(), weights[:, others].log().flatten()])
            assert sign * torch.corrcoef(pair)[0, 1] > 0.3


def test_softmax_weights_leave_the_own_pair_out(similarity):
    weights = softmax_weights(similarity, 0.5)
    assert (weights.diagonal(dim1=-2, dim2=-1) == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 12))


def test_keys_take_no_gradient_and_queries_do():
    q, k = torch.randn(2, 1, 4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_().unbind()
    leaf_k = k.detach().requires_grad_()
    optimal_transport_weights(q, leaf_k).square().sum().backward()
    assert leaf_k.grad is None


def test_unknown_weighting_is_refused(similarity):
    with pytest.raises(ConfigError, match="weighting='soft': is none of hard, easy"):
        transport_plan(similarity, weighting='soft')


def test_log_of_a_plan_with_a_row_target():
    kernel = torch.rand(4, 6, generator=torch.Generator().manual_seed(0)) + 0.1
    torch.testing.assert_close(log_sinkhorn(kernel.log(), 20, 3.0).exp(), sinkhorn(kernel, 20, 3.0))
