"""What the toy data sets share: items are drawn when they are asked for."""
from collections.abc import Callable, Sequence

import numpy as np

from ...errors import ConfigError
from ..base import ZooDataset
from ..caption_files import SPLITS


class ProceduralDataset(ZooDataset):
    """Items that are drawn at random; nothing is stored.

    Args:
        split: ``'train'``: each sample is drawn anew. ``'test'``: an item depends on its index and
            the seed alone, so that it is always the same.
        length: number of items; in training only what counts as an epoch.
        seed: of items that no training sampler asks for.
        pipeline, metainfo: see :class:`ZooDataset`.

    Raises:
        ConfigError: there is no such split.
    """

    def __init__(self, split: str, length: int, seed: int, pipeline: Sequence[dict | Callable],
                 metainfo: dict) -> None:
        if split not in SPLITS:
            raise ConfigError(f"split={split!r}: must be 'train' or 'test'.")
        self.split, self.length, self.seed = split, length, seed
        super().__init__(pipeline, metainfo)

    def __len__(self) -> int:
        """Number of items."""
        return self.length

    def rng_of(self, index: int) -> np.random.RandomState:
        """As in the base class; an item of the test split depends on its index only."""
        return super().rng_of(int(index) if self.split == 'test' else index)

    def key_of(self, index: int) -> str:
        """Name of an item."""
        return f'{self.split}_{index:06d}'
