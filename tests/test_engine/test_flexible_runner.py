"""One optimiser, a model sharded over processes; two real ones over gloo, forked from here."""
import json
import os

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import distributed, multiprocessing, nn

from genzoo.apis.config import check_config, load_config
from genzoo.engine import SafeFlexibleRunner
from genzoo.engine.flexible_runner import require_deepspeed, weights_only
from genzoo.errors import ConfigError, WeightsError
from genzoo.registry import MODELS

from .tiny_gan import ROOT, SIZE, loader, resumed, tiny_config, train, weights


@MODELS.register_module()
class TinyRegressor(BaseModel):
    """Two layers that FSDP wraps each on its own, and a loss."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(SIZE, 6), nn.Linear(6, SIZE)

    def forward(self, inputs, data_samples=None, mode='loss'):
        out = self.second(self.first(inputs['real']).relu())
        return dict(loss=(out - inputs['real']).square().mean())


def config(work_dir, iterations: int = 4, sharded: bool = False, global_batch: int = 4, **changes) -> Config:
    cfg = tiny_config(work_dir, iterations, 2)
    cfg.model, cfg.visualizer.vis_backends = dict(type='TinyRegressor'), [dict(type='LocalVisBackend')]
    cfg.optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.01))
    cfg.train_dataloader = dict(loader(), global_batch_size=global_batch)
    del cfg.train_dataloader['batch_size']
    cfg.log_processor.window_size, cfg.default_hooks.logger.interval = 1, 1
    if sharded:
        strategy = Config.fromfile(ROOT / 'configs/_base_/strategies/fsdp.py').strategy
        strategy.model_wrapper.auto_wrap_policy.min_num_params = 20
        cfg.merge_from_dict(dict(runner_type='SafeFlexibleRunner', strategy=strategy, launcher='pytorch'))
    cfg.merge_from_dict(changes)
    return cfg


def _rank(number, processes, folder, cfg) -> None:
    os.environ.update(RANK=str(number), LOCAL_RANK=str(number), WORLD_SIZE=str(processes))
    distributed.init_process_group('gloo', init_method=f'file://{folder}', rank=number, world_size=processes)
    train(cfg)
    distributed.destroy_process_group()


def train_sharded(cfg: Config, processes: int, store) -> None:
    multiprocessing.start_processes(_rank, (processes, store, cfg), processes, start_method='fork')


def losses(folder) -> dict[int, float]:
    scalars = sorted(folder.glob('*/vis_data/scalars.json'))[-1]
    return {entry['step']: entry['loss'] for entry in map(json.loads, scalars.read_text().splitlines())}


def test_two_shards_have_the_curve_and_weights_of_one_process(tmp_path):
    train(config(tmp_path / 'one'))
    train_sharded(config(tmp_path / 'two', sharded=True), 2, tmp_path / 'store')
    assert losses(tmp_path / 'two') == pytest.approx(losses(tmp_path / 'one'), rel=1e-5)
    torch.testing.assert_close(weights(tmp_path / 'two/iter_4.pth'), weights(tmp_path / 'one/iter_4.pth'),
                               rtol=1e-5, atol=1e-7)


def test_a_sharded_run_is_resumed_on_another_number_of_processes(tmp_path):
    train(config(tmp_path / 'one', 6))
    train_sharded(config(tmp_path / 'two', 4, sharded=True), 2, tmp_path / 'store')
    train_sharded(resumed(config(tmp_path / 'two', 6, sharded=True)), 1, tmp_path / 'other')
    assert list(losses(tmp_path / 'two'))[-2:] == [5, 6]  # runs that start in one second share a log
    torch.testing.assert_close(weights(tmp_path / 'two/iter_6.pth'), weights(tmp_path / 'one/iter_6.pth'),
                               rtol=1e-5, atol=1e-7)
    log = sorted((tmp_path / 'two').glob('*/*.log'))[-1].read_text()
    assert '2 x 2 = 4 (processes x batch size), this one has 1 x 4 = 4' in log


def test_a_foreign_checkpoint_is_refused(tmp_path):
    torch.save(dict(state_dict=dict(other=torch.ones(1))), tmp_path / 'other.pth')
    cfg = config(tmp_path / 'run', sharded=True, load_from=str(tmp_path / 'other.pth'))
    with pytest.raises(multiprocessing.ProcessRaisedException, match='other.pth: does not fit the model') as error:
        train_sharded(cfg, 1, tmp_path / 'store')
    assert WeightsError.__name__ in str(error.value)


def test_one_process_cannot_shard(tmp_path):
    with pytest.raises(ConfigError, match='SafeFSDPStrategy: shards .* Start it with tools/dist_train.sh'):
        SafeFlexibleRunner.from_cfg(config(tmp_path, sharded=True, launcher='none'))


def test_several_optimizers_are_refused(tmp_path):
    cfg = config(tmp_path, sharded=True)
    cfg.optim_wrapper = tiny_config(tmp_path).optim_wrapper
    with pytest.raises(ConfigError, match='one optimiser .* one a network .generator, discriminator.'):
        SafeFlexibleRunner.from_cfg(cfg)


def test_a_strategy_is_needed(tmp_path):
    with pytest.raises(ConfigError, match='strategy: SafeFlexibleRunner needs one'):
        SafeFlexibleRunner.from_cfg(config(tmp_path, runner_type='SafeFlexibleRunner'))


def test_deepspeed_asks_for_its_package_and_a_gpu(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ConfigError, match='needs the package deepspeed. Install it with'):
        require_deepspeed()
    monkeypatch.setattr('importlib.util.find_spec', lambda name: name)
    monkeypatch.setattr('genzoo.engine.flexible_runner.get_device', lambda: 'cpu')
    with pytest.raises(ConfigError, match='needs GPUs, none found'):
        require_deepspeed()


class Unsafe:
    """What only an unprotected load would bring back."""


def test_within_weights_only_no_one_loads_more_than_weights(tmp_path):
    torch.save(Unsafe(), tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match='refused, not executed .*Unsafe'), weights_only():
        torch.load(tmp_path / 'a.pth', weights_only=False)
    assert isinstance(torch.load(tmp_path / 'a.pth', weights_only=False), Unsafe)


@pytest.mark.parametrize('name', ['damsm_cub_fsdp', 'damsm_cub_deepspeed'])
def test_a_misspelt_key_of_a_strategy_is_found(name):
    cfg = load_config(ROOT / f'configs/ssagan/{name}.py')
    cfg.strategy.activation_chekpointing = dict()
    with pytest.raises(ConfigError, match='nearest: "activation_checkpointing"'):
        check_config(cfg)
