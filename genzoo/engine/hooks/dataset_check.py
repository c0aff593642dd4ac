"""Whether data and model fit each other, before anything runs."""
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop

from ...registry import HOOKS


@HOOKS.register_module()
class DatasetCheckHook(Hook):
    """Shows the model the meta data of every data set that the run will use.

    A model that is particular about its data has a method ``check_dataset(metainfo)``, which
    raises a :class:`~genzoo.errors.DataError` that says what does not fit.
    """

    def before_run(self, runner) -> None:
        """Checks the data sets of the loops that have been built."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not hasattr(model, 'check_dataset'):
            return
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            if isinstance(loop, BaseLoop):
                model.check_dataset(getattr(loop.dataloader.dataset, 'metainfo', {}))
