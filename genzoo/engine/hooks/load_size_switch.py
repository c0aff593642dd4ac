"""Images without room for random crops, from the epoch on in which learning rates fall."""
from collections.abc import Iterator

from mmengine.hooks import Hook
from torch.utils.data import Dataset

from ...errors import ConfigError
from ...registry import HOOKS


def _steps_of(dataset: Dataset) -> Iterator:
    """Pipeline steps of a data set, and of those inside it."""
    yield from getattr(dataset, 'pipeline', ())
    inner = getattr(dataset, 'dataset', None)
    for each in getattr(dataset, 'datasets', ()) if inner is None else (inner,):
        yield from _steps_of(each)


@HOOKS.register_module()
class LoadSizeSwitchHook(Hook):
    """Makes the training images' ``load_size`` the ``crop_size`` after ``num_epochs`` epochs.

    As released, MoNCE's (CUT's) unpaired training does so at the start of the decay of its
    learning rates. Before training the hook tells the pipeline after which epoch; each sample's
    index says which epoch it is of, so that the switch is exact in workers that run already and
    prepare ahead, and in a resumed run.

    Args:
        num_epochs: at the full learning rate, ``n_epochs`` of the paper's settings.

    Raises:
        ConfigError: it is negative; or, in training, no step of the pipeline has a load size.
    """

    def __init__(self, num_epochs: int) -> None:
        if num_epochs < 0:
            raise ConfigError(f'LoadSizeSwitchHook: num_epochs={num_epochs}: must not be negative.')
        self.num_epochs = num_epochs

    def before_train(self, runner) -> None:
        """Tells the steps, before the loader starts its workers."""
        switches = [step.switch_load_size_after for step in _steps_of(runner.train_dataloader.dataset)
                    if hasattr(step, 'switch_load_size_after')]
        if not switches:
            raise ConfigError('LoadSizeSwitchHook: the training pipeline has no step with a load_size. Add '
                              'ResizeRandomCropFlip to it, or take the hook out.')
        for switch in switches:
            switch(self.num_epochs)
