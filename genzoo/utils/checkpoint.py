"""The one place where files of weights are opened and written."""
import pickle
import re
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import WeightsError
from .files import atomic_write, require_file

DIRECTORY = 0x10  # MS-DOS attribute of an entry in a zip archive


def _safe_globals() -> list:
    """NumPy's arrays and numbers, which some checkpoints hold besides tensors; all of it is inert."""
    multiarray = import_module('numpy._core.multiarray')  # NumPy 1.26 has it under both names, too
    functions = [(getattr(multiarray, name), f'numpy.{core}.multiarray.{name}')  # as NumPy 2 and 1 write it
                 for name in ('_reconstruct', 'scalar') for core in ('_core', 'core')]
    dtypes = [type(np.dtype(code)) for code in ('f8', 'f4', 'i8', 'i4', '?')]
    return [np.ndarray, np.dtype, *functions, *dtypes]


def open_checkpoint(path: str | Path, map_location: Any = 'cpu', remedy: str = 'Check the path.') -> Any:
    """Reads what ``torch.save`` wrote; code in the file is never executed.

    Args:
        path: a ``.pth`` file.
        map_location: as for :func:`torch.load`.
        remedy: what to do if the file is missing, for the message.

    Returns:
        The content, usually a dict.

    Raises:
        WeightsError: the file is missing, truncated, or holds more than plain data.
    """
    path = require_file(path, 'the file of weights', remedy, WeightsError)
    try:
        _require_whole(path)
        with torch.serialization.safe_globals(_safe_globals()):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # a broken file raises nearly anything
        raise _refusal(path, error) from error


def _require_whole(path: Path) -> None:
    """Raises BadZipFile if a part of the file is not what was written, which PyTorch does not look at."""
    with open(path, 'rb') as file:
        if file.read(4) != b'PK\3\4':
            return
    with zipfile.ZipFile(path) as archive:
        folder = next((part.filename for part in archive.infolist() if part.external_attr & DIRECTORY), None)
        if folder is not None:  # PyTorch would leave the memory of such a tensor as it is
            raise zipfile.BadZipFile(f'its part {folder} is marked as a folder')
        written_without = not any(part.CRC for part in archive.infolist())
        broken = None if written_without else archive.testzip()
    if broken is not None:
        raise zipfile.BadZipFile(f'the checksum of its part {broken} is wrong')


def _refusal(path: Path, error: Exception) -> WeightsError:
    # PyTorch's own message goes on with how to load the file without protection: not our advice.
    asked = re.search(r'GLOBAL ([\w.]+)', str(error))
    if asked and isinstance(error, pickle.UnpicklingError):
        return WeightsError(f'{path}: holds more than tensors and plain data; it is refused, not executed '
                            f'(it asks for {asked[1]}).')
    reason = re.split(r'\.?\s*\n|\. ', str(error))[0] or type(error).__name__
    if isinstance(error, (pickle.UnpicklingError, LookupError)):
        reason = 'its bytes are no weights'
    return WeightsError(f'{path}: truncated or not a checkpoint ({reason}). Fetch or write it again.')


def open_model_checkpoint(path: str | Path) -> tuple[dict[str, Tensor], dict]:
    """Reads a checkpoint of training, or a bare state dict.

    Args:
        path: a ``.pth`` file.

    Returns:
        The state dict, a leading ``module.`` dropped from its keys, and the checkpoint's meta data.

    Raises:
        WeightsError: as :func:`open_checkpoint`, or the file holds no state dict.
    """
    content = open_checkpoint(path)
    state = model_state(content, path)
    return state, checked_meta(content.get('meta') if 'state_dict' in content else None, path)


def model_state(content: Any, source: str | Path) -> dict[str, Tensor]:
    """The state dict of what a file holds: that of a checkpoint of training, or the file's content itself.

    Args:
        content: the opened file.
        source: the file, for the message.

    Returns:
        Names and tensors; a leading ``module.`` is dropped.

    Raises:
        WeightsError: there is none.
    """
    state = content.get('state_dict', content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state) or not any(
            isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f'{source}: holds no state dict (names and tensors). Give a checkpoint of training, or '
                           'what tools/convert_checkpoint.py wrote.')
    return {key.removeprefix('module.'): value for key, value in state.items()}


def checked_meta(meta: Any, source: str | Path) -> dict:
    """A copy of a checkpoint's meta data; empty if it has none.

    Args:
        meta: what stands there.
        source: the file, for the message.

    Raises:
        WeightsError: it is no dict, or what it says of its data set is not what training writes.
    """
    meta = {} if meta is None else meta
    dataset = meta.get('dataset_meta') if isinstance(meta, Mapping) else 0
    if dataset is not None and not isinstance(dataset, Mapping):
        raise WeightsError(f'{source}: its meta data are not in the form that training writes. Take another file.')
    words, length = (dataset or {}).get('vocabulary'), (dataset or {}).get('max_words')
    if words is not None and not (isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words)):
        raise WeightsError(f'{source}: the vocabulary in its meta data is not a list of words. Take another file.')
    if length is not None and (type(length) is not int or length < 1):
        raise WeightsError(f'{source}: max_words={length!r} in its meta data is no positive number. Take another file.')
    return dict(meta)


def save_checkpoint(content: Mapping, path: str | Path) -> None:
    """Writes ``content`` under ``path``, whole or not at all.

    Raises:
        WeightsError: the disk is full or the folder cannot be written.
    """
    try:
        with atomic_write(path) as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:
        raise WeightsError(f'{path}: could not be written ({error}); what stood there before '
                           'is untouched.') from error


def _abridged(keys: list[str]) -> str:
    shown = ', '.join(keys[:3])
    return shown + (f' and {len(keys) - 3} more' if len(keys) > 3 else '')


def _shape(value: Any) -> tuple[int, ...] | str:
    if not isinstance(value, Tensor) or value.is_nested:
        return type(value).__name__
    return tuple(value.shape)


def _kind(value: Tensor) -> str:
    where = ' without numbers' if value.is_meta else '' if value.layout is torch.strided else f' {value.layout}'
    return f'{str(value.dtype).removeprefix("torch.")}{where}'


def _fills(value: Tensor, own: Tensor) -> bool:
    """Whether numbers can be copied without loss of their kind: any float into any float, counters into counters."""
    plain = value.layout is torch.strided and not value.is_quantized and (not value.is_meta or own.is_meta)
    return plain and value.dtype.is_complex == own.dtype.is_complex and (
        value.dtype.is_floating_point == own.dtype.is_floating_point)


def tensor_problem(value: Any, own: Tensor) -> str | None:
    """What keeps ``value`` from being copied into ``own``, e.g. ``(4,) instead of (3,)``; None if nothing."""
    if _shape(value) != _shape(own):
        return f'{_shape(value)} instead of {_shape(own)}'
    return None if _fills(value, own) else f'{_kind(value)} instead of {_kind(own)}'


def state_dict_problems(module: nn.Module, state: Mapping[str, torch.Tensor]) -> list[str]:
    """What keeps ``state`` from being the whole state of ``module``; empty if nothing."""
    return state_problems(module.state_dict(), state)


def state_problems(own: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]) -> list[str]:
    """What keeps ``state`` from standing for ``own``, a model's state (on any device, also meta)."""
    missing = [key for key in own if key not in state]
    surplus = [key for key in state if key not in own]
    misfits = {key: problem for key in own if key in state
               if (problem := tensor_problem(state[key], own[key]))}
    shapes = [f'{key} {problem}' for key, problem in misfits.items() if _shape(state[key]) != _shape(own[key])]
    kinds = [f'{key} {problem}' for key, problem in misfits.items() if _shape(state[key]) == _shape(own[key])]
    problems = []
    if missing:
        problems.append(f'{len(missing)} of {len(own)} keys missing: {_abridged(missing)}')
    if surplus:
        problems.append(f'{len(surplus)} keys unknown: {_abridged(surplus)}')
    if shapes:
        problems.append(f'{len(shapes)} shapes differ: {_abridged(shapes)}')
    if kinds:
        problems.append(f'{len(kinds)} kinds differ: {_abridged(kinds)}')
    return problems


def _explanations(module: nn.Module, state: Mapping[str, torch.Tensor]) -> list[str]:
    """What the module and its children themselves say of weights that do not fit."""
    found = []
    for prefix, part in [('', module), *((f'{name}.', child) for name, child in module.named_children())]:
        if hasattr(part, 'explain_misfit'):
            found.append(part.explain_misfit({key.removeprefix(prefix): value for key, value in state.items()
                                              if key.startswith(prefix)}))
    return [text for text in found if text]


def load_state_dict(module: nn.Module, state: Mapping[str, torch.Tensor], source: str,
                    remedy: str = '') -> None:
    """Loads ``state`` into ``module``, strictly.

    Args:
        module: what to fill; it or its children may have a method ``explain_misfit(state)``, which says in terms of
            the config's settings what does not fit, or None.
        state: all of its parameters and buffers.
        source: the file's name, for the message.
        remedy: what the user can do, for the message.

    Raises:
        WeightsError: keys or shapes do not fit; nothing has been loaded then.
    """
    problems = state_dict_problems(module, state)
    if problems:
        problems = [*_explanations(module, state), *problems]
        raise WeightsError(f'{source}: does not fit {type(module).__name__} '
                           f'({"; ".join(problems)}). {remedy}'.rstrip())
    module.load_state_dict(state)
