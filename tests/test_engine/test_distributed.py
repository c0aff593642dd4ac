import pytest
import torch
from torch import distributed as torch_dist
from torch import nn

from genzoo.engine import DeviceDDP, SeparateDDP
from genzoo.engine.distributed import NetworkDDP, launcher_environment, mean_over_ranks, start_group
from genzoo.errors import ConfigError
from genzoo.registry import MODELS
from genzoo.utils import load_state_dict

from .tiny_gan import tiny_config


@pytest.fixture
def process_group(tmp_path):
    torch_dist.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    torch_dist.destroy_process_group()


def tiny_model() -> nn.Module:
    return MODELS.build(tiny_config('unused').model)


def test_slurm_variables_become_those_of_torch():
    slurm = dict(SLURM_PROCID='3', SLURM_NTASKS='8', SLURM_LOCALID='1', MASTER_ADDR='node7')
    assert launcher_environment('slurm', slurm) == dict(
        RANK='3', WORLD_SIZE='8', LOCAL_RANK='1', MASTER_ADDR='node7', MASTER_PORT='29500')


def test_slurm_runs_on_one_node_meet_at_ports_of_their_own():
    def port(**numbers) -> str:
        slurm = dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0', MASTER_ADDR='node7', **numbers)
        return launcher_environment('slurm', slurm)['MASTER_PORT']

    assert port(SLURM_JOB_ID='1234567') == '24567'
    assert port(SLURM_JOB_ID='1234567', SLURM_STEP_ID='1') == '24568'
    assert port(SLURM_JOB_ID='1234567', MASTER_PORT='7') == '7'


@pytest.mark.parametrize('timeout', [0, -1, '30'])
def test_the_longest_wait_is_a_positive_number_of_seconds(timeout):
    with pytest.raises(ConfigError, match=f'env_cfg.dist_cfg.timeout={timeout!r}: must be a number of seconds above 0'):
        start_group('pytorch', dict(timeout=timeout))


def test_mpi_variables_become_those_of_torch():
    mpi = dict(OMPI_COMM_WORLD_RANK='1', OMPI_COMM_WORLD_SIZE='2', OMPI_COMM_WORLD_LOCAL_RANK='1',
               MASTER_PORT='7')
    assert launcher_environment('mpi', mpi) == dict(
        RANK='1', WORLD_SIZE='2', LOCAL_RANK='1', MASTER_ADDR='localhost', MASTER_PORT='7')


def test_process_that_the_launcher_did_not_start_is_told_so():
    with pytest.raises(ConfigError, match='--launcher pytorch: RANK, WORLD_SIZE, LOCAL_RANK not set'):
        launcher_environment('pytorch', {})


def test_slurm_without_scontrol_asks_for_the_address():
    slurm = dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0', SLURM_NODELIST='n[1-2]')
    with pytest.raises(ConfigError, match='Set MASTER_ADDR'):
        launcher_environment('slurm', slurm)


def test_logs_are_the_means_over_ranks_and_anything_else_stays(monkeypatch):
    monkeypatch.setattr('genzoo.engine.distributed.get_world_size', lambda: 2)
    monkeypatch.setattr('genzoo.engine.distributed.all_reduce', lambda values, op: values.add_(2).div_(2))
    logs = mean_over_ranks(dict(loss=torch.tensor(4.), count=torch.tensor(2), name='x'))
    assert logs == dict(loss=torch.tensor(3.), count=torch.tensor(2.), name='x')


@pytest.mark.usefixtures('process_group')
class TestWrappers:
    """Within a process group of one."""

    def test_only_trainable_children_are_wrapped(self):
        model = SeparateDDP(tiny_model(), device_ids=[0]).module
        assert isinstance(model.generator, NetworkDDP)
        assert isinstance(model.discriminator, NetworkDDP)
        assert not isinstance(model.frozen, NetworkDDP)

    def test_state_has_the_keys_of_the_bare_model_and_loads_back(self):
        bare, other = tiny_model(), tiny_model()
        wrapped = SeparateDDP(bare).module
        state = {key: value.clone() for key, value in wrapped.state_dict().items()}
        assert list(state) == list(other.state_dict())
        load_state_dict(other, state, 'a')
        nn.init.zeros_(bare.generator.module.net[0].weight)
        load_state_dict(wrapped, state, 'b')
        assert torch.equal(wrapped.generator.module.net[0].weight, other.generator.net[0].weight)

    def test_methods_run_through_ddp_and_forward_comes_back(self):
        network = SeparateDDP(tiny_model()).module.discriminator
        calls = []
        network.register_forward_hook(lambda *_: calls.append('ddp'))
        features = network(torch.ones(2, 4))
        logits = network.logits(features)
        assert logits.shape == (2, 1)
        assert calls == ['ddp', 'ddp']
        assert network(torch.ones(2, 4)).shape == features.shape
        assert 'forward' not in network.module.__dict__

    def test_method_that_calls_forward_does_not_recurse(self):
        class Network(nn.Linear):
            def twice(self, x):
                return self(self(x))

        network = NetworkDDP(Network(3, 3))
        x = torch.ones(1, 3)
        assert torch.equal(network.twice(x), network.module(network.module(x)))

    def test_forward_comes_back_after_an_error(self):
        network = SeparateDDP(tiny_model()).module.discriminator
        with pytest.raises(RuntimeError):
            network.logits(torch.ones(1, 99))
        assert network(torch.ones(2, 4)).shape == (2, 8)

    def test_attributes_of_the_network_are_seen_and_missing_ones_are_not(self):
        network = NetworkDDP(nn.Linear(3, 4))
        assert network.out_features == 4
        with pytest.raises(AttributeError):
            network.missing  # noqa: B018

    def test_network_without_gradients_expects_none(self):
        wrapped = SeparateDDP(tiny_model()).module
        wrapped.generator.requires_grad_(False)
        wrapped.generator(torch.ones(2, 3))
        loss = wrapped.discriminator(torch.ones(2, 4)).sum()
        wrapped.generator.expect_gradients_of(loss)
        wrapped.generator.requires_grad_(True)
        with wrapped.generator.no_sync():
            for _ in range(2):  # an expected gradient may come only once
                wrapped.generator(torch.ones(2, 3)).sum().backward()

    def test_no_sync_reaches_all_networks(self):
        wrapped = SeparateDDP(tiny_model())
        with wrapped.no_sync():
            assert not wrapped.module.generator.require_backward_grad_sync
            assert not wrapped.module.discriminator.require_backward_grad_sync
        assert wrapped.module.generator.require_backward_grad_sync

    def test_whole_model_wrapper_ignores_device_ids_on_the_cpu(self):
        assert DeviceDDP(nn.Linear(2, 2), device_ids=[0])(torch.ones(1, 2)).shape == (1, 2)
