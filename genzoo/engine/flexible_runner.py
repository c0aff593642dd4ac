"""mmengine's FlexibleRunner, whose strategies shard a model over processes, with safe checkpoints."""
import importlib.util
import os
import pickle
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.device import get_device
from mmengine.dist import is_distributed, is_main_process
from mmengine.runner import FlexibleRunner
from torch import nn

from ..errors import ConfigError, WeightsError
from ..registry import RUNNERS, STRATEGIES
from ..utils import model_state, save_checkpoint
from .distributed import start_group
from .last_checkpoint import disk_errors
from .plain_data import pack_message_hub, plain_data
from .runner import SafeRunner

DEEPSPEED = 'DeepSpeedStrategy'


@contextmanager
def weights_only() -> Iterator[None]:
    """Within, torch.load executes nothing from a file, whoever calls it and whatever it asks for.

    Raises:
        WeightsError: a file holds more than tensors and plain data.
    """
    name = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
    before = os.environ.get(name)
    os.environ[name] = '1'
    try:
        yield
    except pickle.UnpicklingError as error:
        asked = re.search(r'GLOBAL ([\w.]+)', str(error))
        detail = f' (it asks for {asked[1]})' if asked else ''
        raise WeightsError('a file of the checkpoint holds more than tensors and plain data; it is refused, not '
                           f'executed{detail}. Start from weights alone with --load-from.') from error
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@RUNNERS.register_module()
class SafeFlexibleRunner(FlexibleRunner):
    """A FlexibleRunner whose strategy shards one model with one optimiser, see configs/_base_/strategies.

    Loaders, hooks, the end of a run and checkpoints are as in :class:`~genzoo.engine.SafeRunner`.
    A checkpoint of :class:`~genzoo.engine.SafeFSDPStrategy` has the whole model under its own keys,
    so that SafeRunner tests it and any number of processes resumes it. DeepSpeed writes and reads
    folders of its own, which are opened as plain data or not at all.

    Raises:
        ConfigError: the strategy cannot run here, or the model has several optimisers.
    """

    _resumed: dict | None = None
    build_dataloader = staticmethod(SafeRunner.build_dataloader)
    _end_workers = SafeRunner._end_workers
    _until_its_end = SafeRunner._until_its_end
    _open = SafeRunner._open
    _compare_datasets = SafeRunner._compare_datasets
    _prepare_resume = SafeRunner._prepare_resume
    _meta = SafeRunner._meta
    _config_text = SafeRunner._config_text

    # ------------------------------------------------------------------ environment
    def build_strategy(self, strategy: Mapping | None = None, launcher: str = 'none',
                       randomness: dict | None = None, env_cfg: Mapping | None = None, **kwargs) -> Any:
        """Builds the strategy, and the process group where mmengine cannot."""
        name = str((strategy or {}).get('type', '')).rpartition('.')[2]
        if not name:
            raise ConfigError('strategy: SafeFlexibleRunner needs one, see configs/_base_/strategies; without, set '
                              'runner_type to SafeRunner.')
        self._require_one_optimizer(name)
        if name == DEEPSPEED:
            require_deepspeed()
        if launcher == 'none':
            raise ConfigError(f'strategy {name}: shards the model over several processes, but there is one. Start it '
                              'with tools/dist_train.sh CONFIG PROCESSES.')
        if not is_distributed():
            start_group(launcher, (env_cfg or {}).get('dist_cfg'))
        strategy = dict(strategy, type=STRATEGIES.get(strategy['type']))  # mmengine would not look in our scope
        if self.cfg.get('sync_bn') and name != DEEPSPEED:
            strategy.setdefault('sync_bn', self.cfg.sync_bn)
        return super().build_strategy(strategy, launcher, randomness, env_cfg or {}, **kwargs)

    def _require_one_optimizer(self, strategy: str) -> None:
        cfg = self.optim_wrapper
        if isinstance(cfg, Mapping) and 'optimizer' not in cfg:
            raise ConfigError(f'strategy {strategy}: takes one optimiser for the whole model, but optim_wrapper has '
                              f'one a network ({", ".join(key for key in cfg if key != "constructor")}). Give it '
                              'one with `optimizer`, or train with runner_type=SafeRunner.')

    def set_randomness(self, **randomness) -> None:
        """Seeds, as SafeRunner's; called when the seed of a resumed run is taken over."""
        self.strategy._randomness = randomness
        self.strategy._set_randomness(**randomness)

    def register_default_hooks(self, hooks: Mapping[str, Any] | None = None) -> None:
        """As SafeRunner's: any name can be switched off with None."""
        own = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
        super().register_default_hooks({name: hook for name, hook in (hooks or {}).items()
                                        if hook is not None or name in own})

    # --------------------------------------------------------------------- training
    def train(self) -> nn.Module:
        """Trains, and leaves no process or signal handler behind, however it ends.

        Returns:
            The model, wrapped as it was trained.
        """
        if self._resume and not self._is_deepspeed():
            self._prepare_resume()
        return self._until_its_end(super().train)

    def _is_deepspeed(self) -> bool:
        return type(self.strategy).__name__ == DEEPSPEED

    # ------------------------------------------------------------------ checkpoints
    def load_checkpoint(self, filename: str | Path, *args, **kwargs) -> None:
        """Fills the model from a file.

        Raises:
            WeightsError: missing, unsafe, broken, or of another model.
        """
        if self._is_deepspeed():
            with weights_only():
                super().load_checkpoint(str(filename), *args, **kwargs)
        else:
            self._load(filename)

    def _load(self, filename: str | Path) -> dict:
        checkpoint, self._resumed = self._resumed or self._open(filename), None
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        state = model_state(checkpoint, filename)
        problems = self.strategy.state_problems(state)
        if problems:
            raise WeightsError(f'{filename}: does not fit the model ({"; ".join(problems)}). It is a checkpoint of '
                               'another model or of another config.')
        self.strategy.load_model_state_dict(state, strict=True)
        self.logger.info(f'Load checkpoint from {filename}')
        return checkpoint

    def resume(self, filename: str | Path, *args, **kwargs) -> None:
        """Goes on from a checkpoint.

        Raises:
            WeightsError: see :meth:`load_checkpoint`; or its optimiser is another one.
        """
        if self._is_deepspeed():
            with weights_only():
                super().resume(str(filename), *args, **kwargs)
            return
        checkpoint = self._load(filename)
        try:
            self.strategy.load_optim_state_dict(checkpoint['optimizer'])
            if self.param_schedulers is not None:
                self.strategy.load_scheduler_state_dict(checkpoint['param_schedulers'])
        except (AssertionError, KeyError, ValueError) as error:
            raise WeightsError(f'{filename}: its optimiser or schedules do not fit this config '
                               f'({str(error).splitlines()[0]}). Start from its weights with --load-from.') from error
        self.train_loop._epoch, self.train_loop._iter = checkpoint['meta']['epoch'], checkpoint['meta']['iter']
        self._compare_datasets(filename, checkpoint['meta'])
        self.message_hub.load_state_dict(checkpoint['message_hub'])
        self.logger.info(f'resumed epoch: {self.epoch}, iter: {self.iter}')

    def save_checkpoint(self, out_dir: str | Path, filename: str, file_client_args: None = None,
                        save_optimizer: bool = True, save_param_scheduler: bool = True,
                        meta: dict | None = None, by_epoch: bool = True, backend_args: None = None) -> None:
        """Writes a checkpoint; all processes take part. Arguments as SafeRunner's.

        Raises:
            WeightsError: the disk is full or the folder cannot be written.
        """
        if self._is_deepspeed():
            super().save_checkpoint(str(out_dir), filename, None, save_optimizer, save_param_scheduler, None, by_epoch)
            return
        step = dict(epoch=self.epoch + int(by_epoch), iter=self.iter + int(not by_epoch))
        checkpoint = dict(state_dict=self.strategy.model_state_dict())
        if save_optimizer:
            checkpoint['optimizer'] = plain_data(self.strategy.optim_state_dict())
        if not is_main_process():
            return
        checkpoint.update(meta=self._meta({**step, **(meta or {})}),
                          message_hub=pack_message_hub(self.message_hub.state_dict()))
        if save_param_scheduler and self.param_schedulers is not None:
            checkpoint['param_schedulers'] = plain_data(self.strategy.scheduler_state_dict())
        self.call_hook('before_save_checkpoint', checkpoint=checkpoint)
        with disk_errors(out_dir, self.work_dir):
            save_checkpoint(checkpoint, Path(out_dir) / filename)


def require_deepspeed() -> None:
    """
    Raises:
        ConfigError: DeepSpeed is not installed, or there is no GPU for it.
    """
    if importlib.util.find_spec('deepspeed') is None:
        raise ConfigError(f'strategy {DEEPSPEED}: needs the package deepspeed. Install it with: pip install deepspeed')
    if get_device() == 'cpu':
        raise ConfigError(f'strategy {DEEPSPEED}: needs GPUs, none found. Train on the CPU with the config that '
                          'this one is based on.')
