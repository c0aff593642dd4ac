"""What all data sets share: a pipeline, per-sample randomness, and broken items."""
import logging
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from torch.utils.data import Dataset

from ..errors import ConfigError, DataError
from ..registry import TRANSFORMS
from .samplers import SampleIndex


def sample_rng(seed: int, position: int) -> np.random.RandomState:
    """The generator from which everything random about one sample is drawn.

    Args:
        seed: of the run.
        position: of the sample in the run's endless stream of samples.
    """
    # Not the usual Mersenne twister, which takes ten times as long to seed.
    return np.random.RandomState(np.random.PCG64((seed, position)))


class ZooDataset(Dataset):
    """A list of records, each of which the pipeline turns into an item.

    Everything random about a sample is drawn from ``results['rng']``, which depends on the
    sampler's seed and on the sample's position in the training stream
    (:class:`~genzoo.datasets.SampleIndex`), or on the index alone where an index is a plain
    int. So batches do not depend on the number of workers or ranks, nor on resuming.
    ``results['epoch']`` is the epoch of the stream that asks for the sample, from 0, which
    reaches workers with the index.

    A subclass sets up its records, then calls this constructor; it implements
    :meth:`__len__` and :meth:`record`.

    Args:
        pipeline: transforms, or configs of transforms, applied in this order.
        metainfo: what a checkpoint should say about the data set, e.g. its vocabulary.
        on_error: ``'raise'``, or ``'skip'``: log a broken item once, deliver the next
            readable one in its place, and keep the list, see :meth:`broken_items`.
    """

    seed = 0
    """With the index, what makes the randomness of a sample that no training sampler asked for."""

    def __init__(self, pipeline: Sequence[dict | Callable], metainfo: dict | None = None,
                 on_error: str = 'raise') -> None:
        if on_error not in ('raise', 'skip'):
            raise ConfigError(f"on_error={on_error!r}: must be 'raise' or 'skip'.")
        self.pipeline = [TRANSFORMS.build(step) if isinstance(step, dict) else step
                         for step in pipeline]
        self.metainfo = dict(metainfo or {})
        self.on_error = on_error
        # Shared memory, so that the main process learns of what its workers found.
        self._broken = torch.zeros(len(self) if on_error == 'skip' else 0,
                                   dtype=torch.uint8).share_memory_()

    @abstractmethod
    def __len__(self) -> int:
        """Number of items."""

    @abstractmethod
    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the pipeline starts from, e.g. paths and captions.

        Raises:
            DataError: the item is broken.
        """

    def rng_of(self, index: int) -> np.random.RandomState:
        """The generator of the sample that ``index`` asks for."""
        if isinstance(index, SampleIndex):
            return sample_rng(index.seed, index.position)
        return sample_rng(self.seed, int(index))

    def __getitem__(self, index: int) -> Any:
        """
        Args:
            index: in 0..len-1; a :class:`~genzoo.datasets.SampleIndex` in training.

        Raises:
            DataError: the item is broken and ``on_error`` is ``'raise'``, or none is readable.
            IndexError: there is no such item.
        """
        if not 0 <= index < len(self):
            raise IndexError(f'index {int(index)} of {len(self)} items')
        if self.on_error == 'raise':
            return self._item(int(index), index)
        return self._readable_item(index)

    def _item(self, index: int, asked: int) -> Any:
        """Item ``index``, with the randomness and the epoch of the index that was asked for."""
        rng = self.rng_of(asked)
        results = self.record(index, rng)
        results['rng'] = rng
        results['epoch'] = getattr(asked, 'epoch', 0)
        for step in self.pipeline:
            results = step(results)
        return results

    def _readable_item(self, index: int) -> Any:
        for candidate in range(int(index), int(index) + len(self)):
            candidate %= len(self)
            if self._broken[candidate]:
                continue
            try:
                return self._item(candidate, index)
            except DataError as error:
                self._broken[candidate] = 1
                print_log(f'item {candidate} is skipped: {error}', 'current', logging.WARNING)
        raise DataError(f'{type(self).__name__}: none of its {len(self)} items can be read; '
                        "set on_error='raise' to see the first reason.")

    def broken_items(self) -> list[int]:
        """Indices of the items that this process or its workers had to skip so far."""
        return self._broken.nonzero().flatten().tolist()
