"""The validation of the iteration or epoch at which a run was stopped."""
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, IterBasedTrainLoop

from ...registry import HOOKS
from ..epoch_loop import EpochBasedTrainLoop


@HOOKS.register_module()
class DueValidationHook(Hook):
    """Validates first, if the run goes on from an iteration, or end of an epoch, that has a validation of its own.

    Its checkpoint is written before its validation, which was lost if the run was stopped or
    killed between them. One that did take place is made again, with the same result.
    """

    priority = 'LOWEST'  # when all other hooks have taken up what the former process left

    def before_train(self, runner) -> None:
        """Validates, if it is due."""
        if runner.val_loop is None or runner.iter == 0 or not self._is_due(runner.train_loop):
            return
        runner.message_hub.update_info('iter', runner.iter - 1)  # as it was when that iteration ended
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            runner.message_hub.update_info('epoch', runner.epoch - 1)
        runner.val_loop.run()
        runner.model.train()

    @staticmethod
    def _is_due(loop: BaseLoop) -> bool:
        if isinstance(loop, EpochBasedTrainLoop):
            step, last = (0 if loop.batches_done else loop.epoch), loop.max_epochs
        elif isinstance(loop, IterBasedTrainLoop):
            step, last = loop.iter, loop.max_iters
        else:
            return False
        return step >= max(loop.val_begin, 1) and (step % loop.val_interval == 0 or step == last)
