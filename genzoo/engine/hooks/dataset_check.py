"""Whether data and model fit each other, before anything runs."""
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop

from ...registry import HOOKS


@HOOKS.register_module()
class DatasetCheckHook(Hook):
    """Shows the model the meta data of every data set that the run will use.

    A model that is particular about its data has a method ``check_dataset(metainfo)``, which
    raises a :class:`~genzoo.errors.DataError` that says what does not fit, and may have
    ``remember_dataset(metainfo)``, which is told what a checkpoint says of its training data
    before its weights are loaded.
    """

    def before_run(self, runner) -> None:
        """Checks the data sets of the loops that have been built."""
        model = self._model(runner)
        if not hasattr(model, 'check_dataset'):
            return
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            if isinstance(loop, BaseLoop):
                model.check_dataset(getattr(loop.dataloader.dataset, 'metainfo', {}))

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Checks them again, knowing what the weights were trained on."""
        metainfo = (checkpoint.get('meta') or {}).get('dataset_meta')
        if metainfo and hasattr(self._model(runner), 'remember_dataset'):
            self._model(runner).remember_dataset(metainfo)
            self.before_run(runner)

    @staticmethod
    def _model(runner):
        return runner.model.module if is_model_wrapper(runner.model) else runner.model
