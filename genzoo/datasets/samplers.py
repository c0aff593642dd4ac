"""The order in which training sees a data set: endless, sharded over ranks, resumable."""
from collections.abc import Iterator, Sized

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from ..errors import ConfigError
from ..registry import DATA_SAMPLERS


class SampleIndex(int):
    """An index that also says which sample of the training stream it is.

    Args:
        index: into the data set.
        seed: of the sampler.
        position: of this sample in the endless stream over all ranks, from 0.
        epoch: that the position falls into, from 0.
    """

    seed: int
    position: int
    epoch: int

    def __new__(cls, index: int, seed: int, position: int, epoch: int = 0) -> 'SampleIndex':  # noqa: D102
        self = super().__new__(cls, index)
        self.seed = seed
        self.position = position
        self.epoch = epoch
        return self

    def __reduce__(self):
        return SampleIndex, (int(self), self.seed, self.position, self.epoch)


@DATA_SAMPLERS.register_module()
class EpochShuffleSampler(Sampler):
    """An endless stream of epochs, each its own permutation of the data set.

    Of the stream, rank r of W takes the positions r, r + W, r + 2W, ..., so that the ranks
    together see in each iteration what one process with the global batch would see.

    Args:
        dataset: what to sample.
        shuffle: whether an epoch is permuted.
        seed: with the epoch's number, decides its permutation; the same on all ranks.
            None: drawn once and shared.
        batch_size: the global batch, i.e. over all ranks. If given, each epoch is cut to a
            multiple of it (drop_last): no batch mixes two epochs.

    Raises:
        ConfigError: an epoch would be empty.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None,
                 batch_size: int | None = None) -> None:
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self.epoch_size = self._epoch_size(len(dataset), batch_size)
        self._start = 0

    @staticmethod
    def _epoch_size(num_items: int, batch_size: int | None) -> int:
        size = num_items - num_items % (batch_size or 1)
        if size == 0:
            raise ConfigError(f'batch_size={batch_size} of the sampler: the data set has only '
                              f'{num_items} items. Give it more data or make the batch smaller.')
        return size

    def skip(self, num_samples: int) -> None:
        """Makes the next iteration start after this rank's first ``num_samples`` samples.

        Absolute, not relative to what has been drawn; costs nothing, since the position
        alone says which epoch it falls into.
        """
        if num_samples < 0:
            raise ValueError(f'num_samples must not be negative, but is {num_samples}')
        self._start = num_samples

    def _order(self, epoch: int) -> np.ndarray:
        num_items = len(self.dataset)
        if not self.shuffle:
            return np.arange(num_items)
        return np.random.default_rng((self.seed, epoch)).permutation(num_items)

    def __iter__(self) -> Iterator[SampleIndex]:
        """Yields without end, from where :meth:`skip` says."""
        position = self.rank + self._start * self.world_size
        order, order_epoch = None, None
        while True:
            epoch, offset = divmod(position, self.epoch_size)
            if epoch != order_epoch:
                order, order_epoch = self._order(epoch), epoch
            yield SampleIndex(int(order[offset]), self.seed, position, epoch)
            position += self.world_size

    def __len__(self) -> int:
        """Samples of an epoch that fall to one rank, the fewest if they differ; at least 1."""
        return max(self.epoch_size // self.world_size, 1)

    def set_epoch(self, epoch: int) -> None:
        """Nothing to do: the stream runs through the epochs by itself."""
