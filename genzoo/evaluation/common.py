"""Small things that several metrics need."""
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log
from torch import Tensor

from ..errors import DataError


def field_of(data_samples: Sequence[dict], name: str, remedy: str) -> list[Any]:
    """The field ``name`` of each data sample.

    Raises:
        DataError: a sample lacks it.
    """
    for sample in data_samples:
        if sample.get(name) is None:
            raise DataError(f'data sample {sample.get("key")!r}: it has no {name}. {remedy}')
    return [sample[name] for sample in data_samples]


def rows(values: Tensor) -> np.ndarray:
    """A batch of results as float32 on the CPU; NumPy, so that one row pickles without its batch."""
    return values.detach().float().cpu().numpy()


def split_bounds(count: int, splits: int, what: str) -> list[tuple[int, int]]:
    """``splits`` contiguous parts of ``count`` rows: part i is ``i * N // S`` to ``(i + 1) * N // S``.

    Raises:
        DataError: there are fewer rows than parts.
    """
    if count < splits:
        raise DataError(f'{what}: {count} images cannot be cut into {splits} parts. '
                        f'Generate more images or set it to at most {count}.')
    return [(i * count // splits, (i + 1) * count // splits) for i in range(splits)]


def log_protocol(metric: object, text: str) -> None:
    """Logs in one line what a metric's number rests on."""
    print_log(f'{type(metric).__name__}: {text}', logger='current', level=logging.INFO)
