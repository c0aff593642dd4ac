"""The paired toy of image translation: label maps and striped pictures of them."""
from collections.abc import Sequence

import numpy as np
import torch

from ...registry import DATASETS
from ...structures import DataSample
from ...utils.translation_toys import CLASS_COLOURS, to_bytes
from ..transforms.image import to_array
from .procedural import ProceduralDataset

NUM_CLASSES = len(CLASS_COLOURS)
EXTENT = (4, 20)
"""Least and greatest side of a rectangle and diameter of a disc, in pixels of a 32-pixel map."""


def draw_labels(rng: np.random.RandomState, size: int, num_regions: Sequence[int]) -> np.ndarray:
    """A map of rectangles and discs of random classes on a ground of a random class; later ones lie above.

    Args:
        rng: is drawn from.
        size: of the map, in pixels.
        num_regions: least and greatest number of rectangles and discs.

    Returns:
        (size, size) int64 in 0..3.
    """
    labels = np.full((size, size), rng.randint(NUM_CLASSES))
    rows, columns = np.mgrid[:size, :size]
    low, high = (end * size // 32 for end in EXTENT)
    for _ in range(rng.randint(num_regions[0], num_regions[1] + 1)):
        y, x = rng.randint(0, size, size=2)
        height, width = rng.randint(low, high + 1, size=2) / 2
        if rng.randint(2):
            region = (np.abs(rows - y) <= height) & (np.abs(columns - x) <= width)
        else:
            region = (rows - y) ** 2 + (columns - x) ** 2 <= height ** 2
        labels[region] = rng.randint(NUM_CLASSES)
    return labels


def stripes(size: int) -> np.ndarray:
    """The fixed pattern of each class: horizontal, vertical, falling and rising stripes, 2 pixels wide.

    Returns:
        (4, size, size), -1 or 1.
    """
    rows, columns = np.mgrid[:size, :size]
    phases = np.stack([rows, columns, rows - columns, rows + columns])
    return np.where(phases % 4 < 2, 1., -1.)


def paint_labels(labels: np.ndarray, amplitude: float) -> np.ndarray:
    """The picture of a label map: each class's colour plus its stripes.

    Args:
        labels: (H, W) int64.
        amplitude: of the stripes, in units of [-1, 1].

    Returns:
        (H, W, 3) uint8.
    """
    pattern = np.take_along_axis(stripes(len(labels)), labels[None], axis=0)[0]
    return to_bytes(np.array(CLASS_COLOURS)[labels] + amplitude * pattern[..., None])


def pack_labels(results: dict) -> dict:
    """``inputs`` (``label`` int64 (1, H, W), ``img`` uint8 (3, H, W)) and ``data_samples`` with ``key``."""
    inputs = dict(label=torch.from_numpy(results['label'][None]), img=torch.from_numpy(to_array(results['img'])))
    return dict(inputs=inputs, data_samples=DataSample(key=results['key']))


@DATASETS.register_module()
class StripedLabelsDataset(ProceduralDataset):
    """Label maps of rectangles and discs of four classes, each of a fixed colour and stripe pattern.

    Items: ``inputs`` with ``label`` int64 (1, size, size) in 0..3 and ``img`` uint8 (3, size, size);
    ``data_samples`` with ``key``.

    Args:
        split, length, seed: see :class:`ProceduralDataset`.
        size: of maps and images in pixels.
        num_regions: least and greatest number of rectangles and discs in a map.
        amplitude: of the stripes, in units of [-1, 1].
    """

    def __init__(self, split: str = 'train', length: int = 1024, size: int = 32, num_regions: Sequence[int] = (3, 6),
                 amplitude: float = 0.15, seed: int = 0) -> None:
        self.size, self.num_regions, self.amplitude = size, tuple(num_regions), amplitude
        super().__init__(split, length, seed, [pack_labels],
                         dict(dataset_name='striped_labels', num_classes=NUM_CLASSES))

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """``label`` (H, W) int64, ``img`` (H, W, 3) uint8, ``key``."""
        labels = draw_labels(rng, self.size, self.num_regions)
        return dict(label=labels, img=paint_labels(labels, self.amplitude), key=self.key_of(index))
