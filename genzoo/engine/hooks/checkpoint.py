"""Periodic and best checkpoints; an old one goes only when the new one is whole."""
import math
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook

from ...errors import ConfigError, WeightsError
from ...registry import HOOKS
from ...utils import nearest, open_checkpoint, remove_leftovers
from ..last_checkpoint import record_last_checkpoint

SUPERSEDED = 'superseded_checkpoints'
"""In a checkpoint: names of the files that it replaces, which are removed when it is written."""
INTERRUPTED = 'interrupted_checkpoints'
"""In a checkpoint written within an epoch: its name; the next checkpoint replaces it."""
WITHIN_EPOCH = 'iter_{}.pth'
METRIC_OF_AUTO = 'best_metric'
"""In a best checkpoint of ``save_best='auto'``: the name of the metric."""


def _said_by(path: Path, key: str) -> Any:
    """What a checkpoint says of its run; None if it does not, or cannot be read."""
    try:
        return open_checkpoint(path)['message_hub']['runtime_info'][key]
    except (WeightsError, LookupError, TypeError):
        return None


def _best_score(path: Path, key: str) -> float | None:
    """What a best checkpoint says of its score; None if it does not."""
    score = _said_by(path, key)
    return score if isinstance(score, (int, float)) and math.isfinite(score) else None


@contextmanager
def _config_errors(save_best: Any, rule: Any) -> Iterator[None]:
    """What mmengine says against the two settings, in one line."""
    try:
        yield
    except (ValueError, KeyError, AssertionError) as error:
        raise ConfigError(f'ZooCheckpointHook: save_best={save_best!r}, rule={rule!r}: {error}') from error


@HOOKS.register_module()
class ZooCheckpointHook(CheckpointHook):
    """Saves checkpoints as ``iter_<N>.pth`` and the best ones as ``best_<metric>_iter_<N>.pth``.

    By epochs they are ``epoch_<N>.pth``; a run that is stopped within an epoch leaves ``iter_<N>.pth``,
    which goes when the next one is written. So does the latest state within an epoch, with ``latest_interval``.

    Differs from mmengine's in the order: the new file is written, then recorded as the last
    one, and only then are superseded files removed. mmengine removes first, so that a full
    disk leaves fewer checkpoints than before.

    Args:
        interval: iterations (or epochs) between checkpoints; -1: only the last.
        by_epoch: whether ``interval`` counts epochs.
        max_keep_ckpts: how many of the periodic ones stay; -1: all.
        save_last: whether the end of training is saved in any case.
        save_best: name of a metric, or several, whose best checkpoint is kept besides; ``'auto'``: the first
            metric that the validation computes.
        rule: ``'greater'`` or ``'less'``, one for all or one a metric; inferred from the
            names of common metrics if not given.
        save_begin: the first iteration (or epoch) that may be saved.
        latest_interval: by epochs: iterations after which the state is saved within epochs, too, in place of the
            last such file; -1: never.

    Raises:
        ConfigError: a rule cannot be inferred, or an interval means nothing.
    """

    _default_greater_keys = [*CheckpointHook._default_greater_keys,
                             'accuracy', 'inception_score', 'psnr', 'ssim', 'recall']
    _default_less_keys = [*CheckpointHook._default_less_keys, 'fid', 'fvd', 'kid', 'lpips', 'error']

    def __init__(self, interval: int = -1, by_epoch: bool = False, max_keep_ckpts: int = -1,
                 save_last: bool = True, save_best: str | list[str] | None = None,
                 rule: str | list[str] | None = None, save_begin: int = 0, latest_interval: int = -1) -> None:
        if latest_interval != -1 and (latest_interval < 1 or not by_epoch):
            raise ConfigError(f'ZooCheckpointHook: latest_interval={latest_interval}, by_epoch={by_epoch}: must be at '
                              'least 1, and is for by_epoch=True. Set it to -1, or interval by iterations.')
        if interval == 0 or interval < -1:
            raise ConfigError(f'ZooCheckpointHook: interval={interval}: must be at least 1, or -1 for the last alone.')
        with _config_errors(save_best, rule):
            super().__init__(interval=interval, by_epoch=by_epoch, max_keep_ckpts=max_keep_ckpts,
                             save_last=save_last, save_best=save_best, rule=rule, save_begin=save_begin)
        self.latest_interval = latest_interval
        self._saved_iteration: int | None = None
        self._former_best: dict[str, str | None] = {}

    def before_train(self, runner) -> None:
        """Also takes up what a killed process left: half-written files, superseded and best checkpoints."""
        self._take_up_numbers(runner)
        super().before_train(runner)
        self._set_best_paths({name: self._here(path) for name, path in self._best_paths().items()})
        step = runner.epoch if self.by_epoch else runner.iter
        if self.save_best and step:
            self._take_up_bests(runner, step)
        if is_main_process():
            remove_leftovers(self.out_dir)
            remove_leftovers(runner.work_dir)
            self._remove(runner.message_hub.runtime_info.get(SUPERSEDED) or ())

    def _take_up_numbers(self, runner) -> None:
        """Keeps of the resumed list of checkpoints only what can be one: mmengine trusts it."""
        kept = runner.message_hub.runtime_info.get('keep_ckpt_ids')
        if kept is not None:
            kept = [step for step in kept if type(step) is int] if isinstance(kept, list) else []
            runner.message_hub.update_info('keep_ckpt_ids', kept)

    def _here(self, path: str | None) -> str | None:
        """A resumed path of a best checkpoint, in this folder: runs are moved, and files may lie."""
        name = Path(path).name if isinstance(path, str) else ''
        return str(Path(self.out_dir) / name) if self._is_ours(name) else None

    def _is_ours(self, name: str) -> bool:
        """Whether a checkpoint of this hook may be called so."""
        own, other = (template.replace('.', r'\.').replace('{}', r'\d+')
                      for template in (self.filename_tmpl, WITHIN_EPOCH))
        return bool(re.fullmatch(f'(best_.+_)?{own}|{other}', name))

    def _take_up_bests(self, runner, step: int) -> None:
        """Takes up the best checkpoint of every metric; for ``'auto'`` of the metric that it was."""
        if self.key_indicators != ['auto']:
            for name in self.key_indicators:
                self._take_up_best(runner, name, step)
            return
        rules = self.rules
        for name in self._metric_of_auto(step):
            with suppress(ValueError):  # no rule is known for it
                self._init_rule(rules, [name])
                self._take_up_best(runner, name, step)
        self._init_rule(rules, ['auto'])  # the first validation says which one it is now

    def _metric_of_auto(self, step: int) -> list[str]:
        """What the best checkpoint of that iteration says of its metric; nothing if there is none."""
        files = sorted(Path(self.out_dir).glob(f'best_*_{self.filename_tmpl.format(step)}'))
        said = ((path, _said_by(path, METRIC_OF_AUTO)) for path in files)
        return [name for path, name in said if isinstance(name, str) and path == self._best_file(name, step)][:1]

    def _best_file(self, name: str, step: int) -> Path:
        """Where the best checkpoint of a metric lies, if it is that iteration's."""
        return Path(self.out_dir) / f'best_{name}_{self.filename_tmpl.format(step)}'.replace('/', '_')

    def _take_up_best(self, runner, name: str, step: int) -> None:
        """Finds the best checkpoint of the resumed iteration, if the process was killed before it was recorded."""
        suffix = '' if len(self.key_indicators) == 1 else f'_{name}'
        path = self._best_file(name, step)
        former = self._best_paths().get(name if suffix else '')
        if not path.is_file() or str(path) == former:
            return
        score = _best_score(path, f'best_score{suffix}')
        known = runner.message_hub.runtime_info.get(f'best_score{suffix}')
        if score is None or (known is not None and not self.is_better_than[name](score, known)):
            return
        runner.message_hub.update_info(f'best_score{suffix}', score)
        runner.message_hub.update_info(f'best_ckpt{suffix}', str(path))
        self._set_best_paths(self._best_paths() | {name if suffix else '': str(path)})
        if former and is_main_process():
            self._remove([Path(former).name])

    def _remove(self, names: Iterable[str]) -> None:
        """Removes superseded checkpoints; what is kept, or is none, stays."""
        kept = {self.filename_tmpl.format(step) for step in getattr(self, 'keep_ckpt_ids', ())} | {
            Path(path).name for path in self._best_paths().values() if path}
        for name in names:
            if isinstance(name, str) and self._is_ours(name) and name not in kept:
                path = Path(self.out_dir) / name
                if path.is_dir():  # DeepSpeed's
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Saves if it is time, by iterations or as the latest within an epoch."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if self.latest_interval > 0 and (runner.iter + 1) % self.latest_interval == 0:
            self.save_now(runner, runner.iter + 1)

    def save_now(self, runner, iteration: int) -> Path:
        """Saves the state after ``iteration`` iterations, unless that was done already.

        Returns:
            The checkpoint.
        """
        meta = dict(epoch=runner.epoch, iter=iteration)
        if self._saved_iteration != iteration and self.by_epoch:
            self._write(runner, WITHIN_EPOCH.format(iteration), meta, [], interrupted=True)
        elif self._saved_iteration != iteration:
            self._save_checkpoint_with_step(runner, iteration, meta)
        return Path(self.last_ckpt)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        outdated = self._keep(runner, step) + self._replaced_best()
        self._write(runner, self.filename_tmpl.format(step), meta, outdated, interrupted=False)

    def _write(self, runner, name: str, meta: dict, outdated: list[str], interrupted: bool) -> None:
        path = Path(self.out_dir) / name
        former = runner.message_hub.runtime_info.get(INTERRUPTED)
        outdated = outdated + [other for other in (former if isinstance(former, list) else []) if other != name]
        runner.message_hub.update_info(INTERRUPTED, [name] if interrupted else [])
        runner.message_hub.update_info('last_ckpt', str(path))
        runner.message_hub.update_info(SUPERSEDED, outdated)  # for the run that goes on, if this one is killed now
        runner.save_checkpoint(self.out_dir, path.name, meta=meta, by_epoch=self.by_epoch)
        self.last_ckpt, self._saved_iteration = str(path), meta['iter']
        if is_main_process():
            record_last_checkpoint(runner.work_dir, path)
            self._remove(outdated)

    def _keep(self, runner, step: int) -> list[str]:
        """Enters ``step`` into the list of kept checkpoints; returns the names of those that drop out of it."""
        if self.max_keep_ckpts <= 0:
            return []
        steps = [kept for kept in self.keep_ckpt_ids if kept != step] + [step]
        self.keep_ckpt_ids.clear()
        self.keep_ckpt_ids.extend(steps[-self.max_keep_ckpts:])
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        return [self.filename_tmpl.format(old) for old in steps[:-self.max_keep_ckpts]]

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        if not self.save_best:
            return
        for name in self.key_indicators:
            if name != 'auto' and name not in metrics:
                raise ConfigError(f'ZooCheckpointHook: save_best={name!r}: no such metric; '
                                  f'nearest: {nearest(name, metrics)!r} of {", ".join(metrics)}')
        if self.key_indicators == ['auto']:
            with _config_errors(f'auto: {next(iter(metrics))}', None):
                self._init_rule(self.rules, [next(iter(metrics))])
            runner.message_hub.update_info(METRIC_OF_AUTO, self.key_indicators[0])
        with self._superseded_best():
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _superseded_best(self) -> Iterator[None]:
        """Hides the former best from mmengine, which would remove it first; removes it afterwards."""
        former = self._best_paths()
        self._former_best = former
        self._set_best_paths(dict.fromkeys(former))
        try:
            yield
        finally:
            replaced, new = self._replaced_best(), self._best_paths()
            self._former_best = {}
            self._set_best_paths({name: new.get(name) or path for name, path in former.items()} | {
                name: path for name, path in new.items() if path})
        if is_main_process():
            self._remove(replaced)

    def _replaced_best(self) -> list[str]:
        """Names of the best checkpoints in whose place a better one has come since the block began."""
        new = self._best_paths()
        return [Path(path).name for name, path in self._former_best.items() if path and new.get(name)]

    def _best_paths(self) -> dict[str, str | None]:
        if hasattr(self, 'best_ckpt_path_dict'):
            return dict(self.best_ckpt_path_dict)
        return {'': self.best_ckpt_path} if self.save_best else {}

    def _set_best_paths(self, paths: dict[str, str | None]) -> None:
        if hasattr(self, 'best_ckpt_path_dict'):
            self.best_ckpt_path_dict = paths
        elif self.save_best:
            self.best_ckpt_path = paths['']
