"""The data: pictures of one coloured disc, drawn in memory, and the step that packs them."""
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from genzoo.datasets import ZooDataset
from genzoo.registry import DATASETS, TRANSFORMS
from genzoo.structures import DataSample

SIZE = 16
"""Side of a picture in pixels."""


def draw_disc(rng: np.random.RandomState) -> np.ndarray:
    """A disc of random place, radius and colour on black, (16, 16, 3) uint8, RGB."""
    centre, radius = rng.uniform(5, 11, size=2), rng.uniform(3, 5)
    distance = np.hypot(*(np.indices((SIZE, SIZE)) - centre[:, None, None]))
    cover = np.clip(radius - distance + 0.5, 0, 1)  # soft at the border
    return (255 * cover[..., None] * rng.uniform(0.4, 1, size=3)).astype(np.uint8)


@TRANSFORMS.register_module()
class PackPicture(BaseTransform):
    """Packs a picture into ``inputs`` (``img`` uint8 (3, H, W)) and ``data_samples`` (``key``)."""

    def transform(self, results: dict) -> dict:
        """
        Args:
            results: with ``img`` (H, W, 3) uint8 and ``key``.
        """
        image = torch.from_numpy(results['img']).permute(2, 0, 1).contiguous()
        return dict(inputs=dict(img=image), data_samples=DataSample(key=results['key']))


@DATASETS.register_module()
class DiscsDataset(ZooDataset):
    """Discs; in training each sample is new, without a training sampler each index has its own picture.

    Args:
        length: number of items; in training only what counts as an epoch.
        pipeline: see :class:`~genzoo.datasets.ZooDataset`.
    """

    def __init__(self, length: int, pipeline: Sequence[dict | Callable] = (dict(type='PackPicture'),)) -> None:
        self.length = length
        super().__init__(pipeline, metainfo=dict(dataset_name='discs'))

    def __len__(self) -> int:
        """Number of items."""
        return self.length

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """``img`` (16, 16, 3) uint8 and ``key``."""
        return dict(img=draw_disc(rng), key=f'disc_{index:05d}')
