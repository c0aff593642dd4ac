"""Optimisers that start afresh."""
from mmengine.hooks import Hook

from ...registry import HOOKS


@HOOKS.register_module()
class ResetOptimizerHook(Hook):
    """Forgets the optimisers' moments every ``interval`` iterations, as if they were made anew.

    AttnGAN makes a new Adam for each epoch when it trains DAMSM.

    Args:
        interval: iterations of an epoch.
    """

    priority = 'LOW'

    def __init__(self, interval: int) -> None:
        self.interval = interval

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Clears the state of every optimiser at the beginning of an epoch."""
        if runner.iter > 0 and runner.iter % self.interval == 0:
            wrapper = runner.optim_wrapper
            for single in wrapper.values() if hasattr(wrapper, 'values') else (wrapper,):
                single.optimizer.state.clear()
