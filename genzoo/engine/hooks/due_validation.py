"""The validation of the iteration at which a run was stopped."""
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from ...registry import HOOKS


@HOOKS.register_module()
class DueValidationHook(Hook):
    """Validates first, if the run goes on from an iteration that has a validation of its own.

    The checkpoint of an iteration is written before its validation, which was lost if the run was
    stopped or killed between them. One that did take place is made again, with the same result.
    """

    priority = 'LOWEST'  # when all other hooks have taken up what the former process left

    def before_train(self, runner) -> None:
        """Validates, if it is due."""
        loop = runner.train_loop
        if runner.val_loop is None or runner.iter == 0 or not isinstance(loop, IterBasedTrainLoop):
            return
        if runner.iter >= loop.val_begin and (runner.iter % loop.val_interval == 0 or runner.iter == loop.max_iters):
            runner.message_hub.update_info('iter', runner.iter - 1)  # as it was when that iteration ended
            runner.val_loop.run()
            runner.model.train()
