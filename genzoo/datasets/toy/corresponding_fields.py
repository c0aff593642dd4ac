"""The toy of patch contrast: the same smooth field in two colourings."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import ConfigError
from ...registry import DATASETS
from ...structures import DataSample
from .procedural import ProceduralDataset

CELL = 4
"""Pixels of a field between two values that are drawn independently."""
MIX = ((0., -1., 0.), (0., 0., 1.), (-.5, 0., .5))
"""Row d: what B's channel d takes of A's RGB."""
POWER = 0.7


def draw_field(rng: np.random.RandomState, size: int) -> Tensor:
    """A smooth random image: normal numbers on a coarse grid, enlarged four times (bicubic), then tanh.

    Args:
        rng: is drawn from.
        size: in pixels, a multiple of 4.

    Returns:
        (3, size, size), in (-1, 1).
    """
    grid = torch.from_numpy(rng.standard_normal((1, 3, size // CELL, size // CELL)))
    return F.interpolate(grid.float(), scale_factor=CELL, mode='bicubic').tanh()[0]


def recolour(field: Tensor) -> Tensor:
    """The field as domain B shows it: channels mixed, contrast of faint values raised.

    Args:
        field: (3, H, W), in [-1, 1].

    Returns:
        Alike.
    """
    mixed = torch.einsum('dc,chw->dhw', torch.tensor(MIX), field)
    return mixed.sign() * mixed.abs() ** POWER


def pack_fields(results: dict) -> dict:
    """``inputs`` with ``img_a`` and ``img_b``, and ``data_samples`` with ``key``."""
    inputs = {name: results[name] for name in ('img_a', 'img_b')}
    return dict(inputs=inputs, data_samples=DataSample(key=results['key']))


@DATASETS.register_module()
class CorrespondingFieldsDataset(ProceduralDataset):
    """Smooth random fields (A) and the same fields in other colours with noise (B): a pair shows the same places.

    Items: ``inputs`` with ``img_a`` and ``img_b``, float32 (3, size, size), A in (-1, 1), B's noise goes
    beyond that; ``data_samples`` with ``key``.

    Args:
        split, length, seed: see :class:`ProceduralDataset`.
        size: of the images in pixels, a multiple of 4.
        noise: standard deviation of the noise on B.

    Raises:
        ConfigError: no such split or size.
    """

    def __init__(self, split: str = 'train', length: int = 1600, size: int = 32, noise: float = 0.15,
                 seed: int = 0) -> None:
        if size < CELL or size % CELL:
            raise ConfigError(f'size={size}: must be a multiple of {CELL}.')
        self.size, self.noise = size, noise
        super().__init__(split, length, seed, [pack_fields], dict(dataset_name='corresponding_fields'))

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """``img_a``, ``img_b`` and ``key``."""
        field = draw_field(rng, self.size)
        noise = torch.from_numpy(rng.standard_normal(field.shape)).float()
        return dict(img_a=field, img_b=recolour(field) + self.noise * noise, key=self.key_of(index))
