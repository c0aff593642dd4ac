"""mmengine's Runner with safe checkpoints, exact resuming and CPUs as first-class devices."""
import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mmengine
from mmengine.device import get_device
from mmengine.dist import is_distributed, master_only
from mmengine.model import is_model_wrapper, revert_sync_batchnorm
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmengine.runner.checkpoint import weights_to_cpu
from torch import nn
from torch.utils.data import DataLoader

from ..errors import GenzooError, WeightsError
from ..registry import FUNCTIONS, MODEL_WRAPPERS, RUNNERS
from ..utils import checked_meta, load_for_prediction, load_state_dict, model_state, open_checkpoint, save_checkpoint
from .distributed import start_group
from .last_checkpoint import disk_errors, last_checkpoint
from .loaders import limit_batches, named_functions, split_over_ranks
from .plain_data import pack_message_hub, plain_data, unpack_message_hub
from .resumable import require_fitting_states, require_resumable
from .stopping import TrainingStopped


def _run_both(first: Callable | None, second: Callable, worker_id: int) -> None:
    if first is not None:
        first(worker_id)
    second(worker_id)


def learning_rates(optim_wrapper: OptimWrapper | OptimWrapperDict | Mapping) -> dict[str, float]:
    """The rate that each optimiser's schedule starts from, by the optimiser's name; none of what is not built."""
    wrappers = dict(optim_wrapper.items()) if hasattr(optim_wrapper, 'items') else {'the optimiser': optim_wrapper}
    groups = {name: wrapper.optimizer.param_groups[0] for name, wrapper in wrappers.items()
              if isinstance(wrapper, OptimWrapper)}
    return {name: group.get('initial_lr', group['lr']) for name, group in groups.items()}


@RUNNERS.register_module()
class SafeRunner(Runner):
    """A Runner whose runs can be stopped at any moment and go on exactly.

    Takes mmengine's config and differs from its Runner in this:

    * a checkpoint appears whole or not at all, holds plain data only, is opened without
      executing code, and is refused if it is of another model;
    * resuming takes over the seed before the sampler is built;
    * several processes also run on CPUs (gloo); models with several optimisers get one
      distributed wrapper a network (:class:`~genzoo.engine.SeparateDDP`);
    * a loader may give ``global_batch_size``, which the processes share, in place of
      ``batch_size``, and one of evaluation ``max_batches``: then each process sees at most
      so many batches, of the same random items every time;
    * functions of a loader are found in genzoo's registry, and data loading workers leave
      signals to the main process.
    """

    _resumed: dict | None = None
    """The checkpoint to go on from, between the look at its seed and its use."""

    # ------------------------------------------------------------------ environment
    def setup_env(self, env_cfg: dict) -> None:
        """Starts the process group on machines without GPU, then does what mmengine does."""
        if self.distributed and not is_distributed():
            start_group(self.launcher, env_cfg.get('dist_cfg'))
        super().setup_env(env_cfg)

    def set_randomness(self, seed: int | None = None, diff_rank_seed: bool = False,
                       deterministic: bool = False) -> None:
        """As mmengine's; without a seed one is drawn."""
        super().set_randomness(seed, diff_rank_seed, deterministic)

    def register_default_hooks(self, hooks: Mapping[str, Any] | None = None) -> None:
        """As mmengine's; any name can be switched off with None, not only mmengine's own."""
        own = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
        kept = {name: hook for name, hook in (hooks or {}).items() if hook is not None or name in own}
        super().register_default_hooks(kept)

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, seed: int | None = None,
                         diff_rank_seed: bool = False) -> DataLoader:
        """As mmengine's; see the class for what differs."""
        if isinstance(dataloader, DataLoader):
            return dataloader
        dataloader = limit_batches(split_over_ranks(named_functions(dataloader)))
        loader = Runner.build_dataloader(dataloader, seed, diff_rank_seed)
        if 'worker_init_fn' not in dataloader:
            loader.worker_init_fn = functools.partial(_run_both, loader.worker_init_fn,
                                                      FUNCTIONS.get('quiet_worker'))
        return loader

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Wraps for distributed training; without a config, chooses by the number of optimisers."""
        if not self.distributed or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        if get_device() == 'cpu':
            model = self._without_sync_batchnorm(model)
        if model_wrapper_cfg is None:
            unused = self.cfg.get('find_unused_parameters', False)
            model_wrapper_cfg = (dict(type='SeparateDDP') if self._has_several_optimizers()
                                 else dict(type='DeviceDDP', find_unused_parameters=unused))
        wrapper = model_wrapper_cfg.get('type', 'DeviceDDP')
        if wrapper in MODEL_WRAPPERS.module_dict:  # mmengine looks for it from its own scope
            model_wrapper_cfg = dict(model_wrapper_cfg, type=f'{MODEL_WRAPPERS.scope}.{wrapper}')
        return super().wrap_model(model_wrapper_cfg, model)

    def _without_sync_batchnorm(self, model: nn.Module) -> nn.Module:
        """PyTorch has synchronised batch norm for GPUs only."""
        asked = self.cfg.pop('sync_bn', None)
        if asked or any(isinstance(module, nn.SyncBatchNorm) for module in model.modules()):
            self.logger.warning('No GPU: SyncBN becomes BatchNorm, each process normalises its own part.')
        return revert_sync_batchnorm(model)

    def _has_several_optimizers(self) -> bool:
        cfg = self.optim_wrapper
        return isinstance(cfg, Mapping) and 'constructor' in cfg and 'optimizer' not in cfg

    # --------------------------------------------------------------------- training
    def train(self) -> nn.Module:
        """Trains, and leaves no process or signal handler behind, however it ends.

        Returns:
            The model, wrapped as it was trained.
        """
        if self._resume:
            self._prepare_resume()
        return self._until_its_end(super().train)

    def _until_its_end(self, train: Callable[[], nn.Module]) -> nn.Module:
        try:
            return train()
        except TrainingStopped:
            self.call_hook('after_train')
            self.call_hook('after_run')
            return self.model
        finally:
            self.call_hook('clean_up')
            self._end_workers()

    def _prepare_resume(self) -> None:
        """Finds the checkpoint and takes over its seed, before loaders are built with another."""
        if self._load_from is None:
            self._load_from = last_checkpoint(self.work_dir)
        if self._load_from is None:
            self.logger.info(f'{self.work_dir}: no checkpoint yet, training starts at iteration 0.')
            self._resume = False
            return
        self._resumed = self._open(self._load_from)
        seed = self._resumed['meta'].get('seed')
        if seed is not None and seed != self._randomness_cfg.get('seed'):
            self.logger.info(f'The seed of the resumed run, {seed}, is taken over.')
            self._randomness_cfg = dict(self._randomness_cfg, seed=seed)
            self.set_randomness(**self._randomness_cfg)

    def _end_workers(self) -> None:
        loops = (self._train_loop, self._val_loop)
        loaders = [loop.dataloader for loop in loops if hasattr(loop, 'dataloader')]
        endless = getattr(self._train_loop, 'dataloader_iterator', None)
        for owner in (endless, *loaders):
            for iterator in (owner, getattr(owner, '_iterator', None)):
                shut_down = getattr(iterator, '_shutdown_workers', None)
                if shut_down is not None:
                    shut_down()

    # ---------------------------------------------------------------------- loading
    def _open(self, filename: str | Path) -> dict:
        """The content of a checkpoint, with mmengine's parts in mmengine's form."""
        if '://' in str(filename):
            raise WeightsError(f'{filename}: only files are opened here. Download it and give the path.')
        content = open_checkpoint(filename)
        if not isinstance(content, dict):
            raise WeightsError(f'{filename}: holds a {type(content).__name__}, not a checkpoint.')
        if 'meta' in content and (self._resume or 'state_dict' in content):
            content['meta'] = checked_meta(content['meta'], filename)
            content['meta'].pop('config', None)  # mmengine would execute it
        if self._resume:
            require_resumable(filename, content)
            content['message_hub'] = unpack_message_hub(content['message_hub'])
        return content

    def load_checkpoint(self, filename: str | Path, map_location: Any = 'cpu', strict: bool = True,
                        revise_keys: list | None = None) -> dict:
        """Fills the model from a file.

        Args:
            filename: a checkpoint of a Runner, or a bare state dict.
            map_location, strict, revise_keys: for mmengine's signature; reading goes to the
                CPU, a leading ``module.`` is dropped from keys. Resuming needs every tensor; to
                start or to test, whole networks may be absent, see
                :func:`~genzoo.utils.load_for_prediction`.

        Returns:
            The file's content.

        Raises:
            WeightsError: missing, unsafe, broken, or of another model.
        """
        checkpoint, self._resumed = self._resumed or self._open(filename), None
        self.call_hook('after_load_checkpoint', checkpoint=checkpoint)
        state = model_state(checkpoint, filename)
        if self._resume:
            load_state_dict(self._bare_model(), state, str(filename),
                            'It is a checkpoint of another model or of another config.')
        elif absent := load_for_prediction(self._bare_model(), state, str(filename)):
            self.logger.info(f'{filename}: holds no {", ".join(absent)}; they keep the weights they were built with.')
        self._has_loaded = True
        self.logger.info(f'Load checkpoint from {filename}')
        if self._resume:
            self._compare_datasets(filename, checkpoint['meta'])
        return checkpoint

    def _compare_datasets(self, filename: str | Path, meta: dict) -> None:
        """Warns in place of mmengine, which compares pickles and takes equal contents for different."""
        own = getattr(self.train_dataloader.dataset, 'metainfo', None)
        if meta.get('dataset_meta') != plain_data(own):
            self.logger.warning(f'{filename}: was trained on another data set, or on another state of it.')
        meta['dataset_meta'] = own

    def resume(self, filename: str | Path, resume_optimizer: bool = True,
               resume_param_scheduler: bool = True, map_location: Any = 'cpu') -> None:
        """Goes on from a checkpoint; as mmengine's.

        Raises:
            WeightsError: see :meth:`load_checkpoint`; or the optimisers do not fit.
        """
        own = learning_rates(self.optim_wrapper)
        try:
            super().resume(filename, resume_optimizer, resume_param_scheduler, 'cpu')
            require_fitting_states(filename, self.optim_wrapper)
        except GenzooError:
            raise
        except Exception as error:  # states of another kind raise nearly anything
            reason = str(error).split('\n')[0] or type(error).__name__
            raise WeightsError(f'{filename}: its optimisers or schedules do not fit this config '
                               f'({reason}). Start from its weights with --load-from.') from error
        for name, rate in learning_rates(self.optim_wrapper).items():
            if own.get(name) not in (None, rate):
                self.logger.warning(f'{filename}: {name} goes on with the learning rate that its run started from, '
                                    f'{rate}; the {own[name]} of this config is not used. To train on with another '
                                    'one, use --load-from in place of --resume.')

    def _bare_model(self) -> nn.Module:
        return self.model.module if is_model_wrapper(self.model) else self.model

    # ----------------------------------------------------------------------- saving
    @master_only
    def save_checkpoint(self, out_dir: str | Path, filename: str, file_client_args: None = None,
                        save_optimizer: bool = True, save_param_scheduler: bool = True,
                        meta: dict | None = None, by_epoch: bool = True,
                        backend_args: None = None) -> None:
        """Writes a checkpoint, whole or not at all.

        Args:
            out_dir, filename: where.
            save_optimizer, save_param_scheduler: whether to keep what resuming needs.
            meta: ``epoch`` and ``iter`` to go on from; default: the present ones, counted
                as at the end of an iteration (or epoch, if ``by_epoch``).
            by_epoch: see ``meta``.
            file_client_args, backend_args: for mmengine's signature; only files are written.

        Raises:
            WeightsError: the disk is full or the folder cannot be written; what stood under
                this name before is untouched.
        """
        step = dict(epoch=self.epoch + int(by_epoch), iter=self.iter + int(not by_epoch))
        checkpoint = dict(meta=self._meta({**step, **(meta or {})}),
                          state_dict=weights_to_cpu(self._bare_model().state_dict()),
                          message_hub=pack_message_hub(self.message_hub.state_dict()))
        if save_optimizer:
            checkpoint['optimizer'] = plain_data(self.optim_wrapper.state_dict())
        if save_param_scheduler and self.param_schedulers is not None:
            checkpoint['param_schedulers'] = self._scheduler_states()
        self.call_hook('before_save_checkpoint', checkpoint=checkpoint)
        with disk_errors(out_dir, self.work_dir):
            save_checkpoint(checkpoint, Path(out_dir) / filename)

    def _meta(self, step: dict) -> dict:
        meta = dict(step, cfg=self._config_text, seed=self.seed, experiment_name=self.experiment_name,
                    time=time.strftime('%Y%m%d_%H%M%S'), mmengine_version=mmengine.__version__)
        dataset = self.train_dataloader.dataset
        if hasattr(dataset, 'metainfo'):
            meta['dataset_meta'] = dataset.metainfo
        return plain_data(meta)

    @functools.cached_property
    def _config_text(self) -> str:
        """Laid out once: it takes longer than writing a small checkpoint."""
        return self.cfg.pretty_text

    def _scheduler_states(self) -> Any:
        schedulers = self.param_schedulers
        if isinstance(schedulers, Mapping):
            return {name: plain_data([scheduler.state_dict() for scheduler in group])
                    for name, group in schedulers.items()}
        return plain_data([scheduler.state_dict() for scheduler in schedulers])
