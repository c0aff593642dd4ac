"""Ctrl-C and a scheduler's SIGTERM end a run with a checkpoint."""
import signal
import threading
import time

import torch
from mmengine.dist import all_reduce, is_distributed
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from ...registry import HOOKS
from ..epoch_loop import EpochBasedTrainLoop
from ..stopping import TrainingStopped, resume_command
from .checkpoint import ZooCheckpointHook

SIGNALS = (signal.SIGINT, signal.SIGTERM)
REPEAT_SECONDS = 1.0  # launchers and terminals may both deliver one and the same signal


@HOOKS.register_module()
class GracefulStopHook(Hook):
    """Turns SIGINT (Ctrl-C) and SIGTERM into: finish the iteration, save, end with success.

    A validation that runs or is due is left out. All ranks stop at the same iteration,
    whichever of them got the signal. A second Ctrl-C ends the process at once. Works with
    :class:`~genzoo.engine.SafeRunner` and loops in which resuming is exact, by iterations or
    by epochs; in mmengine's own loop of epochs signals keep their usual effect.
    """

    priority = 'LOWEST'  # the iteration is complete, the checkpoint of its interval written

    def __init__(self) -> None:
        self._requested: float | None = None
        self._handlers: dict = {}
        self._val_steps = 0

    def before_train(self, runner) -> None:
        """Takes over the signals."""
        if not isinstance(runner.train_loop, (IterBasedTrainLoop, EpochBasedTrainLoop)):
            runner.logger.warning('GracefulStopHook: an epoch of this loop cannot be resumed in its middle, '
                                  'so signals end this run without a checkpoint.')
        elif threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._on_signal) for number in SIGNALS}

    def clean_up(self, runner) -> None:
        """Gives the signals back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _on_signal(self, number: int, frame) -> None:
        now = time.monotonic()
        if self._requested is None:
            self._requested = now
        elif number == signal.SIGINT and now - self._requested > REPEAT_SECONDS:
            raise KeyboardInterrupt

    def _agreed(self) -> bool:
        """Whether any rank was told to stop."""
        requested = self._requested is not None
        if not is_distributed():
            return requested
        flag = torch.tensor(float(requested))
        all_reduce(flag, op='max')
        return bool(flag)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Stops if asked to."""
        if self._handlers and self._agreed():
            self._stop(runner, runner.iter + 1)

    def before_val_epoch(self, runner) -> None:
        """Finds out how many steps all ranks have, since only there can they agree."""
        steps = torch.tensor(len(runner.val_dataloader))
        if is_distributed():
            all_reduce(steps, op='min')
        self._val_steps = int(steps)

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Stops if asked to."""
        if self._handlers and batch_idx < self._val_steps and self._agreed():
            self._stop(runner, runner.iter)

    @staticmethod
    def _stop(runner, iteration: int) -> None:
        savers = [hook for hook in runner.hooks if isinstance(hook, ZooCheckpointHook)]
        where = str(savers[0].save_now(runner, iteration)) if savers else 'nowhere (no ZooCheckpointHook)'
        runner.train_loop.stop_training = True
        runner.logger.info(f'stopped at iteration {iteration}, saved to {where}; '
                           f'go on with: {resume_command()}')
        raise TrainingStopped
