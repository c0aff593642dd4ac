"""Whether a checkpoint holds what resuming needs, in the form in which SafeRunner writes it."""
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor

from ..errors import WeightsError

RESUMED_PARTS = ('meta', 'message_hub', 'optimizer')
MAX_SEED = 2**32
# Optimisers' states that have one number for each of the parameter.
LIKE_THE_PARAMETER = ('exp_avg', 'exp_avg_sq', 'max_exp_avg_sq', 'momentum_buffer', 'square_avg', 'grad_avg', 'sum')
FROM_WEIGHTS = 'Start from its weights with --load-from.'


def _is_count(value: Any, below: float = math.inf) -> bool:
    return type(value) is int and 0 <= value < below


def _is_history(history: Any) -> bool:
    parts = [history.get(name) for name in ('values', 'counts')] if isinstance(history, Mapping) else [None]
    return all(isinstance(part, Tensor) and not part.is_nested and part.layout is torch.strided and part.ndim == 1
               and part.device.type == 'cpu' and len(part) == len(parts[0]) for part in parts)


def _hub_problems(hub: Any) -> Iterator[str]:
    parts = [hub.get(name) for name in ('log_scalars', 'runtime_info', 'resumed_keys')] if isinstance(
        hub, Mapping) else [None]
    if not all(isinstance(part, Mapping) and all(isinstance(key, str) for key in part) for part in parts):
        yield 'its message_hub is none'
        return
    scalars, info, resumed = parts
    if not all(flag is True for flag in resumed.values()):
        yield 'the resumed_keys of its message_hub are none'
    yield from (f'the history of {name} is none' for name, history in scalars.items() if not _is_history(history))
    yield from (f'its {name} {value!r} is no number' for name, value in info.items()
                if name.startswith('best_score') and type(value) not in (int, float))


def _problems(content: Mapping) -> Iterator[str]:
    meta = content['meta']
    yield from (f'its {name} {meta.get(name)!r} is no count' for name in ('iter', 'epoch')
                if not _is_count(meta.get(name)))
    if meta.get('seed') is not None and not _is_count(meta['seed'], MAX_SEED):
        yield f'its seed {meta["seed"]!r} is none'
    yield from _hub_problems(content['message_hub'])


def require_resumable(source: str | Path, content: Mapping) -> None:
    """
    Args:
        source: the file, for the message.
        content: of the file, its ``meta`` a dict.

    Raises:
        WeightsError: a part is missing, as in best_*.pth and published weights, or is not of the form that
            training writes.
    """
    missing = [part for part in RESUMED_PARTS if part not in content]
    if missing:
        raise WeightsError(f'{source}: cannot be resumed, it lacks {", ".join(missing)} (best_*.pth '
                           f'and published weights do). {FROM_WEIGHTS}')
    problem = next(_problems(content), None)
    if problem:
        raise WeightsError(f'{source}: cannot be resumed, {problem}. {FROM_WEIGHTS}')


def require_fitting_states(source: str | Path, wrapper: OptimWrapper | OptimWrapperDict) -> None:
    """
    Args:
        source: the file that the optimisers' states are from, for the message.
        wrapper: with the states loaded.

    Raises:
        WeightsError: a state has not the shape of its parameter, which PyTorch would find at the first step only.
    """
    for each in wrapper.values() if isinstance(wrapper, OptimWrapperDict) else [wrapper]:
        for parameter, state in each.optimizer.state.items():
            values = [state.get(name) for name in LIKE_THE_PARAMETER] if isinstance(state, Mapping) else [0]
            if any(value is not None and getattr(value, 'shape', None) != parameter.shape for value in values):
                raise WeightsError(f'{source}: a state of its optimisers has not the shape of its parameter, '
                                   f'{tuple(parameter.shape)}. {FROM_WEIGHTS}')
