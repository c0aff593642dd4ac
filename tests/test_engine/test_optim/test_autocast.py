import pytest
import torch
from torch import nn

from genzoo.engine import AutocastOptimWrapper
from genzoo.engine.optim.autocast import LossScaler
from genzoo.errors import ConfigError

from ..tiny_gan import assert_same_state, resumed, tiny_config, train


def wrapper(**options) -> tuple[nn.Module, AutocastOptimWrapper]:
    net = nn.Linear(4, 4)
    return net, AutocastOptimWrapper(torch.optim.SGD(net.parameters(), lr=0.1), **options)


def test_forward_runs_in_bf16_and_weights_stay_float32():
    net, optim = wrapper()
    with optim.optim_context(net):
        output = net(torch.ones(2, 4))
    optim.update_params(output.float().sum())
    assert output.dtype == torch.bfloat16
    assert net.weight.dtype == torch.float32
    assert net(torch.ones(2, 4)).dtype == torch.float32


def test_accumulated_gradients_are_those_of_the_whole_batch():
    net, optim = wrapper(accumulative_counts=2)
    start, batch = net.weight.detach().clone(), torch.randn(4, 4)
    for part in batch.chunk(2):
        with optim.optim_context(net):
            loss = net(part).float().sum(1).mean()
        optim.update_params(loss)
    expected = start - 0.1 * batch.mean(0).expand(4, 4)
    assert torch.allclose(net.weight, expected, atol=2e-3)


def test_gradients_are_clipped():
    net, optim = wrapper(clip_grad=dict(max_norm=1e-3))
    start = net.weight.detach().clone()
    optim.update_params(net(torch.ones(2, 4)).sum())
    assert (net.weight - start).norm() <= 1.01e-4


def test_fp16_without_gpu_is_refused():
    with pytest.raises(ConfigError, match='fp16.*bf16'):
        wrapper(precision='fp16')


def test_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match='fp8'):
        wrapper(precision='fp8')


def test_state_of_a_plain_wrapper_fits():
    _, optim = wrapper()
    state = optim.state_dict()
    state.pop('loss_scaler')
    optim.load_state_dict(state)
    optim.load_state_dict(optim.state_dict())


def test_mixed_precision_run_resumes_exactly(tmp_path):
    amp = dict(wrapper=dict(type='AutocastOptimWrapper'))
    train(tiny_config(tmp_path / 'whole', 4, interval=2, **amp))
    train(tiny_config(tmp_path / 'parts', 2, interval=2, **amp))
    train(resumed(tiny_config(tmp_path / 'parts', 4, interval=2, **amp)))
    assert_same_state(tmp_path / 'whole/iter_4.pth', tmp_path / 'parts/iter_4.pth')


def scaled_pair():
    """Two weights with an optimiser each, and a shared loss scale that doubles after every update."""
    weights = [torch.ones(1, requires_grad=True) for _ in range(2)]
    scaler = LossScaler('cpu', init_scale=4.0, growth_interval=1)
    wrappers = [AutocastOptimWrapper(torch.optim.SGD([weight], lr=0.1)) for weight in weights]
    for each in wrappers:
        each.loss_scaler = scaler
    return weights, wrappers


def joint_update(wrappers, loss):
    wrappers[0].backward(loss)
    for each in wrappers:
        each.step()
        each.zero_grad()


def test_one_scaled_backward_serves_several_optimisers():
    weights, wrappers = scaled_pair()
    for _ in range(3):
        joint_update(wrappers, weights[0].sum() + 2 * weights[1].sum())
    assert torch.allclose(torch.cat(weights), torch.tensor([0.7, 0.4]))
    assert [each.state_dict()['loss_scaler']['scale'] for each in wrappers] == [32.0, 32.0]


def test_overflow_leaves_the_step_out_and_lowers_the_scale():
    weights, wrappers = scaled_pair()
    joint_update(wrappers, (weights[0] * torch.inf).sum() + weights[1].sum())
    assert weights[0] == 1
    assert wrappers[0].state_dict()['loss_scaler']['scale'] == 2.0
