"""Randomness that depends on the iteration, not on what happened before it."""
import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook

from ...registry import HOOKS
from ..randomness import derived_seed, seed_generators


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seeds all generators at each iteration from the run's seed, the iteration and the rank.

    So a resumed run needs no stored generator states, on any number of ranks, and what
    evaluation or sampling draws in between cannot disturb training.

    The seed that all ranks share is published in the message hub as ``iteration_seed``. How
    the run was spread over processes is kept in the checkpoint (``meta['processes']`` and
    ``meta['batch_size']``, per process); a change on resuming is logged.
    """

    priority = 'HIGHEST'

    def __init__(self) -> None:
        self._resumed_layout: tuple[int, int] | None = None
        self._seed = 0

    def before_train(self, runner) -> None:
        """Agrees on the seed of rank 0 and says what a changed number of processes means."""
        seed = torch.tensor(runner.seed)
        broadcast(seed)
        self._seed = int(seed)
        layout = (runner.world_size, runner.train_dataloader.batch_size)
        if runner.iter > 0 and self._resumed_layout not in (None, layout):
            runner.logger.warning(self._change(self._resumed_layout, layout))

    @staticmethod
    def _change(before: tuple[int, int], now: tuple[int, int]) -> str:
        old, new = (f'{processes} x {size} = {processes * size}' for processes, size in (before, now))
        effect = ('the order of the data goes on, each process draws other random numbers'
                  if before[0] * before[1] == now[0] * now[1] else
                  'learning rates are not rescaled and the order of the data starts elsewhere')
        return (f'The resumed run had batches of {old} (processes x batch size), this one has {new}: '
                f'{effect}. It will not equal an uninterrupted run.')

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Seeds."""
        seed_generators(derived_seed(self._seed, runner.iter, 1 + runner.rank))
        runner.message_hub.update_info('iteration_seed', derived_seed(self._seed, runner.iter, 0))

    def before_val(self, runner) -> None:
        """Seeds alike on all ranks and at each validation: a sample's noise then depends on the sample alone."""
        seed_generators(runner.seed)

    before_test = before_val

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Adds how the run is spread over processes."""
        checkpoint['meta'].update(processes=runner.world_size,
                                  batch_size=runner.train_dataloader.batch_size)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remembers how the resumed run was spread over processes."""
        meta = checkpoint.get('meta', {})
        if 'processes' in meta:
            self._resumed_layout = (meta['processes'], meta['batch_size'])
