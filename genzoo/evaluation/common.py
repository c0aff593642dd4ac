"""Small things that several metrics need."""
import logging
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from mmengine.logging import print_log
from torch import Tensor

from ..errors import ConfigError, DataError


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


def picture_file(folder: Path, key: str) -> Path:
    """Where an image of that key lies in a folder of them: ``<key>.png``; before a ``/`` of the key are folders."""
    return folder / f'{key}.png'


def real_key(sample: dict) -> str:
    """What names a sample's real image: ``gt_key`` of unpaired ones, else ``key``."""
    return sample.get('gt_key') or sample['key']


def source_of(sample: dict) -> str | None:
    """What names the source of an unpaired sample's translation; None for others.

    Of two sets of unlike size a loader goes through the smaller one again, and the same source would count twice.
    """
    return sample['key'] if sample.get('gt_key') else None


class FirstMet:
    """Picks the samples whose real image has not been met before; a metric has one and asks it once a batch."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def new(self, data_samples: Sequence[dict], afresh: bool) -> dict[str, dict]:
        """The samples of new keys, one a key.

        Args:
            data_samples: with ``key``, and ``gt_key`` where unpaired.
            afresh: forget the keys first, because another evaluation starts.
        """
        if afresh:
            self._keys.clear()
        new: dict[str, dict] = {}
        for sample in data_samples:
            if real_key(sample) not in self._keys:
                new.setdefault(real_key(sample), sample)
        self._keys.update(new)
        return new


def first_reals(results: Sequence[dict]) -> dict[str, np.ndarray]:
    """``real`` of the first result of each ``key`` that has one, by the key.

    Two ranks may both have met the same real image, in different crops. Gathered results are in the
    order of the data set, so that the same one counts on any number of ranks.
    """
    reals: dict[str, np.ndarray] = {}
    for result in results:
        if result['real'] is not None:
            reals.setdefault(result['key'], result['real'])
    return reals


def counted_fakes(results: Sequence[dict]) -> list[np.ndarray]:
    """``fake`` of each result; of those of one ``source`` only the first."""
    fakes: dict[str | int, np.ndarray] = {}
    for place, result in enumerate(results):
        source = result['source']
        fakes.setdefault(place if source is None else source, result['fake'])
    return list(fakes.values())


def draw_equally_many(first: np.ndarray, second: np.ndarray,
                      rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays, the longer one cut down to random rows of it in their old order.

    Args:
        first: (N, ...).
        second: (M, ...).
    """
    count = min(len(first), len(second))
    chosen = [np.sort(rng.choice(len(rows), count, replace=False)) if len(rows) > count else slice(None)
              for rows in (first, second)]
    return first[chosen[0]], second[chosen[1]]


def need_package(module: str, package: str, what: str) -> ModuleType:
    """An optional package.

    Args:
        module: what is imported.
        package: what pip calls it.
        what: what needs it.

    Raises:
        ConfigError: it cannot be imported.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(f'{what}: needs the Python package {package}, which cannot be imported ({error}). '
                          f'Run `pip install {package}`.') from error


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
    """Logs in one line what a metric's number rests on, and leaves it in ``metric.measured``."""
    metric.measured = text
    print_log(f'{type(metric).__name__}: {text}', logger='current', level=logging.INFO)
