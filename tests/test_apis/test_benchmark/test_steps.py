import pytest
import torch
from mmengine.logging import MessageHub
from test_engine.tiny_gan import TinyVectors, tiny_config
from torch import nn

from genzoo.apis.benchmark.steps import (
    build_model,
    count_flops,
    inference_step,
    own_precisions,
    require_supported,
    training_step,
)
from genzoo.datasets import zoo_collate
from genzoo.errors import ConfigError

CPU = torch.device('cpu')
CONVOLUTION = 2 * 2 * 5 * 3 * 9 * 8 * 8  # 2 a multiply-add, batch of 2, 5 x 3 filters of 3 x 3 on 8 x 8 pixels
LINEAR = 2 * 4 * 7 * 11  # batch of 4, 7 to 11


def two_vectors(model):
    return zoo_collate([TinyVectors()[index] for index in range(2)])


@pytest.fixture
def config(tmp_path):
    return tiny_config(tmp_path)


@pytest.mark.parametrize(('network', 'inputs', 'expected'), [
    (nn.Conv2d(3, 5, 3, padding=1), (2, 3, 8, 8), CONVOLUTION), (nn.Linear(7, 11), (4, 7), LINEAR)])
def test_flops_of_forward_and_backward_are_those_of_the_closed_form(network, inputs, expected):
    x = torch.randn(inputs, requires_grad=True)
    assert count_flops(lambda: network(x)) == expected
    assert count_flops(lambda: network(x).sum().backward()) == 3 * expected


def test_flops_of_a_gradient_penalty_are_counted():
    network, x = nn.Linear(7, 11, bias=False), torch.randn(4, 7, requires_grad=True)

    def penalty():
        gradient, = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
        gradient.square().sum().backward()

    # forward; gradient of x; backward of that gradient to its two factors; backward of the forward to its two
    assert count_flops(penalty) == 6 * LINEAR


def test_training_step_changes_all_networks_that_are_trained(config, monkeypatch):
    built = []
    monkeypatch.setattr('genzoo.apis.benchmark.steps.build_model',
                        lambda *args: built.append(build_model(*args)) or built[-1])
    step = training_step(config, two_vectors, CPU)
    before = {key: value.clone() for key, value in built[0].state_dict().items()}
    step()
    changed = {key.split('.')[0] for key, value in built[0].state_dict().items() if not torch.equal(value, before[key])}
    assert changed == {'generator', 'discriminator'}


def test_training_step_leaves_nothing_behind(config):
    info = MessageHub.get_current_instance().runtime_info
    info.update(iter=41)
    step = training_step(config, two_vectors, CPU)
    step()
    assert info['iter'] == 41
    assert 'iteration_seed' not in info
    info.pop('iter')


def test_flops_of_a_training_step_are_the_sum_over_its_networks(config):
    forward_g = 2 * 2 * (3 * 8 + 8 * 4)
    forward_d = 2 * 2 * (4 * 8 + 8 * 1)
    flops = count_flops(training_step(config, two_vectors, CPU))
    # At least: G forward and both backwards; D on real and generated with theirs, and twice more.
    assert flops > 2 * forward_g + 8 * forward_d
    assert flops == count_flops(training_step(config, two_vectors, CPU))


def test_amp_reaches_training(config, monkeypatch):
    seen = []
    monkeypatch.setattr(nn.LeakyReLU, 'forward', lambda self, x: seen.append(x.dtype) or nn.functional.leaky_relu(x))
    training_step(config, two_vectors, CPU, amp='bf16')()
    assert torch.bfloat16 in seen
    seen.clear()
    inference_step(config, two_vectors, CPU, amp='bf16')()
    assert set(seen) == {torch.bfloat16}


def test_precisions_that_a_config_asks_for_are_found(tmp_path):
    assert own_precisions(tiny_config(tmp_path)) == []
    wrapper = dict(type='AutocastOptimWrapper', precision='bf16')
    assert own_precisions(tiny_config(tmp_path, wrapper=wrapper)) == ['bf16']


def test_what_is_not_built_is_refused(config):
    config.activation_checkpointing = ['generator']
    with pytest.raises(ConfigError, match=r'a\.py: activation_checkpointing: the benchmark does not build'):
        require_supported(config, 'a.py')


def test_model_that_cannot_be_compiled_is_named(config):
    with pytest.raises(ConfigError, match='--compile: TinyGAN has no prepare_inference'):
        inference_step(config, two_vectors, CPU, compile=True)
