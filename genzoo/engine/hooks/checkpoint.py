"""Periodic and best checkpoints; an old one goes only when the new one is whole."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook

from ...errors import ConfigError
from ...registry import HOOKS
from ..last_checkpoint import record_last_checkpoint
from ..suggest import nearest


@HOOKS.register_module()
class ZooCheckpointHook(CheckpointHook):
    """Saves checkpoints as ``iter_<N>.pth`` and the best ones as ``best_<metric>_iter_<N>.pth``.

    Differs from mmengine's in the order: the new file is written, then recorded as the last
    one, and only then are superseded files removed. mmengine removes first, so that a full
    disk leaves fewer checkpoints than before.

    Args:
        interval: iterations (or epochs) between checkpoints; -1: only the last.
        by_epoch: whether ``interval`` counts epochs.
        max_keep_ckpts: how many of the periodic ones stay; -1: all.
        save_last: whether the end of training is saved in any case.
        save_best: name of a metric, or several, whose best checkpoint is kept besides.
        rule: ``'greater'`` or ``'less'``, one for all or one a metric; inferred from the
            names of common metrics if not given.
        save_begin: the first iteration (or epoch) that may be saved.

    Raises:
        ConfigError: a rule cannot be inferred.
    """

    _default_greater_keys = [*CheckpointHook._default_greater_keys,
                             'accuracy', 'inception_score', 'psnr', 'ssim', 'recall']
    _default_less_keys = [*CheckpointHook._default_less_keys, 'fid', 'fvd', 'kid', 'lpips', 'error']

    def __init__(self, interval: int = -1, by_epoch: bool = False, max_keep_ckpts: int = -1,
                 save_last: bool = True, save_best: str | list[str] | None = None,
                 rule: str | list[str] | None = None, save_begin: int = 0) -> None:
        if interval == 0 or interval < -1:
            raise ConfigError(f'ZooCheckpointHook: interval={interval}: must be at least 1, or -1 for the last alone.')
        try:
            super().__init__(interval=interval, by_epoch=by_epoch, max_keep_ckpts=max_keep_ckpts,
                             save_last=save_last, save_best=save_best, rule=rule, save_begin=save_begin)
        except (ValueError, KeyError, AssertionError) as error:
            raise ConfigError(f'ZooCheckpointHook: save_best={save_best!r}, rule={rule!r}: '
                              f'{error}') from error
        self._saved_step: int | None = None

    def before_train(self, runner) -> None:
        """Also removes what a killed process left half-written."""
        super().before_train(runner)
        if is_main_process():
            for leftover in Path(self.out_dir).glob('.*.pth.*.tmp'):
                leftover.unlink(missing_ok=True)

    def save_now(self, runner, iteration: int) -> Path:
        """Saves the state after ``iteration`` iterations, unless that was done already.

        Returns:
            The checkpoint.
        """
        if self._saved_step != iteration:
            self._save_checkpoint_with_step(runner, iteration, dict(epoch=runner.epoch, iter=iteration))
        return Path(self.last_ckpt)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        path = Path(self.out_dir) / self.filename_tmpl.format(step)
        outdated = self._keep(runner, step)
        runner.message_hub.update_info('last_ckpt', str(path))
        runner.save_checkpoint(self.out_dir, path.name, meta=meta, by_epoch=self.by_epoch)
        self.last_ckpt, self._saved_step = str(path), step
        if is_main_process():
            record_last_checkpoint(runner.work_dir, path)
            for old in outdated:
                (Path(self.out_dir) / self.filename_tmpl.format(old)).unlink(missing_ok=True)

    def _keep(self, runner, step: int) -> Sequence[int]:
        """Enters ``step`` into the list of kept checkpoints; returns those that drop out of it."""
        if self.max_keep_ckpts <= 0:
            return []
        steps = [kept for kept in self.keep_ckpt_ids if kept != step] + [step]
        self.keep_ckpt_ids.clear()
        self.keep_ckpt_ids.extend(steps[-self.max_keep_ckpts:])
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        return steps[:-self.max_keep_ckpts]

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        if not self.save_best:
            return
        for name in self.key_indicators:
            if name != 'auto' and name not in metrics:
                raise ConfigError(f'ZooCheckpointHook: save_best={name!r}: no such metric; '
                                  f'nearest: {nearest(name, metrics)!r} of {", ".join(metrics)}')
        with self._superseded_best():
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _superseded_best(self) -> Iterator[None]:
        """Hides the former best from mmengine, which would remove it first; removes it afterwards."""
        former = self._best_paths()
        self._set_best_paths(dict.fromkeys(former))
        try:
            yield
        finally:
            new = self._best_paths()
            self._set_best_paths({name: new.get(name) or path for name, path in former.items()} | {
                name: path for name, path in new.items() if path})
        if is_main_process():
            for name, path in former.items():
                if path and new.get(name) and new[name] != path:
                    Path(path).unlink(missing_ok=True)

    def _best_paths(self) -> dict[str, str | None]:
        return (dict(self.best_ckpt_path_dict) if hasattr(self, 'best_ckpt_path_dict')
                else {'': self.best_ckpt_path})

    def _set_best_paths(self, paths: dict[str, str | None]) -> None:
        if hasattr(self, 'best_ckpt_path_dict'):
            self.best_ckpt_path_dict = paths
        else:
            self.best_ckpt_path = paths['']
