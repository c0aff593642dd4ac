"""How far the run is, for people who watch it."""
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from ...registry import HOOKS


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """A bar with the remaining time and the losses, if stderr is a terminal; nothing otherwise."""

    priority = 'BELOW_NORMAL'

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._stack = ExitStack()

    def before_train(self, runner) -> None:
        """Opens the bar; log lines then appear above it."""
        if is_main_process() and sys.stderr.isatty():
            self._bar = self._stack.enter_context(
                tqdm(total=runner.max_iters, initial=runner.iter, unit='it', dynamic_ncols=True))
            self._stack.enter_context(logging_redirect_tqdm([runner.logger]))

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Mapping | None = None) -> None:
        """Moves the bar."""
        if self._bar is not None:
            losses = {name: float(value) for name, value in (outputs or {}).items() if 'loss' in name}
            self._bar.set_postfix(losses, refresh=False)
            self._bar.update()

    def clean_up(self, runner) -> None:
        """Closes the bar."""
        self._stack.close()
        self._bar = None
