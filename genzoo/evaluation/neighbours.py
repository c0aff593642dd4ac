"""Nearest neighbours in feature space, a block of rows at a time: memory grows with N, not with its square."""
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError

_ROWS = 1024


def distance_blocks(points: Tensor, others: Tensor) -> Iterator[Tensor]:
    """Euclidean distances (n, M) of a block of ``points`` (N, D) to all ``others`` (M, D), block after block."""
    for block in points.split(_ROWS):
        yield torch.cdist(block, others)


def neighbour_radii(points: Tensor, k: int) -> Tensor:
    """The distance (N,) of each of ``points`` (N, D) to the k-th nearest of the others.

    Raises:
        DataError: there are fewer than k others.
    """
    if len(points) <= k:
        raise DataError(f'nearest neighbours: {len(points)} images have no {k}-th neighbour. '
                        f'Evaluate more images or set the number of neighbours to at most {len(points) - 1}.')
    # The nearest of all is the point itself.
    return torch.cat([block.kthvalue(k + 1, dim=1).values for block in distance_blocks(points, points)])


def centred(real: np.ndarray, fake: np.ndarray, device: str) -> tuple[Tensor, Tensor]:
    """Features around the mean real one, where float32 distances are most exact; (N, D) and (M, D) on ``device``."""
    mean = real.mean(axis=0, dtype=np.float64)
    return tuple(torch.from_numpy((features - mean).astype(np.float32)).to(device) for features in (real, fake))
