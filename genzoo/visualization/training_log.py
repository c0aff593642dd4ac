"""What runs have logged, read back from the files that mmengine writes."""
import json
import logging
import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..errors import ConfigError, DataError
from ..utils import nearest, require_folder

SCALARS = 'vis_data/scalars.json'
PLACES = ('step', 'iter', 'epoch')
"""Not quantities, but where they were logged."""
UNASKED = ('time', 'data_time', 'memory', '*lr', '*momentum')
"""Quantities that are drawn only when asked for."""

Series = tuple[np.ndarray, np.ndarray]
"""Steps, ascending, and values, both (N,) float64."""


def read_run(run_dir: str | Path) -> dict[str, Series]:
    """All quantities that a run has logged.

    A run that was resumed has a file for each start. From the first step on at which a later
    file has a quantity, that file counts and the earlier ones do not.

    Args:
        run_dir: a work dir with ``<timestamp>/vis_data/scalars.json``, or one such timestamp.

    Returns:
        Series by name.

    Raises:
        DataError: there is no such file, nothing in it, or nothing that is a log.
    """
    run_dir = require_folder(run_dir, 'the work dir of a run', 'Give one of tools/train.py.')
    files = sorted(run_dir.glob(f'*/{SCALARS}')) or sorted(run_dir.glob(SCALARS))
    if not files:
        raise DataError(f'{run_dir}: holds no <timestamp>/{SCALARS}. Give the work dir of a run of tools/train.py.')
    merged: dict[str, dict[float, float]] = {}
    for path in files:
        for key, points in _read_file(path).items():
            first = min(points)
            kept = {step: value for step, value in merged.get(key, {}).items() if step < first}
            merged[key] = {**kept, **points}
    if not merged:
        _require_whole(files)
        raise DataError(f'{run_dir}: nothing has been logged yet. Wait for the first line of the log.')
    return {key: _series(points) for key, points in merged.items()}


def _require_whole(files: Sequence[Path]) -> None:
    """Raises DataError if one of the files without records holds more than a first line that is being written."""
    for path in files:
        text = _text(path)
        if text.strip() and (text.endswith('\n') or not text.startswith('{')):
            raise DataError(f'{path}: is no log of a run: none of its lines is a record. Restore it, or train again.')


def _text(path: Path) -> str:
    return path.read_text(encoding='utf-8', errors='replace')


def _series(points: dict[float, float]) -> Series:
    steps = sorted(points)
    return np.array(steps, dtype=np.float64), np.array([points[step] for step in steps], dtype=np.float64)


def _read_file(path: Path) -> dict[str, dict[float, float]]:
    """Values by quantity and step; lines that were not written to their end are left out."""
    found: dict[str, dict[float, float]] = {}
    text = _text(path)
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            step = float(record['step'])
        except (ValueError, TypeError, KeyError):
            being_written = number == len(lines) and not text.endswith('\n')
            if line.strip() and not being_written:
                print_log(f'{path}: line {number} is no record and is skipped', 'current', logging.WARNING)
            continue
        for key, value in record.items():
            if key not in PLACES and isinstance(value, (int, float)) and not isinstance(value, bool):
                found.setdefault(key, {})[step] = float(value)
    return found


def run_names(run_dirs: Sequence[str | Path]) -> list[str]:
    """Names of runs: the last parts of their folders, as many as it takes to tell them apart.

    Raises:
        ConfigError: a folder is given twice.
    """
    parts = [Path(os.path.abspath(Path(run_dir).expanduser())).parts for run_dir in run_dirs]
    for index, each in enumerate(parts):
        if each in parts[:index]:
            raise ConfigError(f'{run_dirs[index]}: is given twice.')
    for count in range(1, max(map(len, parts)) + 1):
        names = ['/'.join(each[-count:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return ['/'.join(each) for each in parts]


def choose_keys(available: Sequence[str], patterns: Sequence[str] | None) -> list[str]:
    """Which quantities to draw.

    Args:
        available: names of all, in the order in which they were logged.
        patterns: names, or patterns such as ``loss_*``; None: all but times and learning rates.

    Raises:
        ConfigError: a pattern fits none.
    """
    if patterns is None:
        chosen = [key for key in available if not any(fnmatchcase(key, pattern) for pattern in UNASKED)]
        return chosen or list(available)
    for pattern in patterns:
        if not any(fnmatchcase(key, pattern) for key in available):
            raise ConfigError(f'--keys {pattern}: nothing of that name was logged; there is '
                              f'{", ".join(available)}; nearest: "{nearest(pattern, available)}"')
    return [key for key in available if any(fnmatchcase(key, pattern) for pattern in patterns)]
