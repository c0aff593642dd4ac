"""Training by epochs that can be stopped and resumed within one."""
from collections.abc import Mapping

from mmengine.runner import EpochBasedTrainLoop as MMEngineEpochLoop
from torch import nn
from torch.utils.data import DataLoader

from ..errors import ConfigError
from ..registry import LOOPS

LENGTH = 'batches_per_epoch'
"""In a checkpoint: of the run that wrote it."""


@LOOPS.register_module()
class EpochBasedTrainLoop(MMEngineEpochLoop):
    """mmengine's, with epochs cut out of the sampler's endless stream, so that every iteration can be resumed from.

    The loader's workers run through the ends of epochs; what they prepare ahead is of the right
    epoch, since that comes with each index (:class:`~genzoo.datasets.SampleIndex`).

    Args:
        runner: whose loop it is.
        dataloader: with :class:`~genzoo.datasets.EpochShuffleSampler` and ``global_batch_size``.
        max_epochs: how many epochs to train.
        kwargs: ``val_begin`` and ``val_interval`` in epochs, ``dynamic_intervals``; as mmengine's.

    Raises:
        ConfigError: the sampler has no endless stream, or an epoch is no whole number of batches.
    """

    def __init__(self, runner, dataloader: DataLoader | Mapping, max_epochs: int, **kwargs) -> None:
        super().__init__(runner, dataloader, max_epochs, **kwargs)
        self._require_stream()
        self.dataloader_iterator = None

    def _require_stream(self) -> None:
        sampler, batch = self.dataloader.sampler, self.dataloader.batch_size
        if not hasattr(sampler, 'skip') or not hasattr(sampler, 'epoch_size'):
            raise ConfigError(f'train_dataloader.sampler: {type(sampler).__name__} cannot start within an epoch. Set '
                              'it to EpochShuffleSampler, or train_cfg.type to mmengine.EpochBasedTrainLoop.')
        if sampler.epoch_size % (batch * sampler.world_size):
            raise ConfigError(f'train_dataloader: an epoch of {sampler.epoch_size} samples is no whole number of '
                              f'batches of {sampler.world_size} x {batch}. Set global_batch_size in place of '
                              'batch_size; incomplete batches are then left out.')

    @property
    def batches_done(self) -> int:
        """Of the present epoch."""
        return self._iter - self._epoch * len(self.dataloader)

    def run(self) -> nn.Module:
        """Trains; an epoch that was stopped goes on, unless epochs have another length now."""
        before = self.runner.message_hub.runtime_info.get(LENGTH)
        if self._iter > 0 and before != len(self.dataloader):
            self._iter = self._epoch * len(self.dataloader)
            self.runner.logger.warning(
                f'The resumed run had epochs of {before} batches, this one has {len(self.dataloader)}: it goes on at '
                f'the start of epoch {self._epoch + 1}, and will not equal an uninterrupted run.')
        self.runner.message_hub.update_info(LENGTH, len(self.dataloader))
        return super().run()

    def run_epoch(self) -> None:
        """Trains until the epoch's end, in a resumed one from where it was stopped."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        if self.dataloader_iterator is None:
            self.dataloader.sampler.skip(self._iter * self.dataloader.batch_size)
            self.dataloader_iterator = iter(self.dataloader)
        for index in range(self.batches_done, len(self.dataloader)):
            self.run_iter(index, next(self.dataloader_iterator))
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
