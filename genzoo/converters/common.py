"""What converters of several papers need."""
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

State = dict[str, Tensor]


def unwrapped(content: Any) -> Any:
    """The state dict that a file's content holds as its ``state_dict``; any other content as it is."""
    inner = content.get('state_dict') if isinstance(content, Mapping) else None
    return inner if isinstance(inner, Mapping) else content


def strip_prefix(state: Mapping[str, Tensor], prefix: str = 'module.') -> State:
    """The state without the prefix that a parallel wrapper gave every key, if it did."""
    if state and all(key.startswith(prefix) for key in state):
        return {key[len(prefix):]: value for key, value in state.items()}
    return dict(state)


def add_batch_counters(state: Mapping[str, Tensor]) -> State:
    """With the counters of batch norms that files of PyTorch before 0.4.1 lack."""
    state = dict(state)
    for key in [key for key in state if key.endswith('.running_var')]:
        counter = key.removesuffix('running_var') + 'num_batches_tracked'
        state.setdefault(counter, torch.zeros((), dtype=torch.long))
    return state


def segment_renamer(pairs: list[tuple[str, str]]) -> Callable[[str], str]:
    r"""A function that replaces whole segments of dotted keys, by the first pair that fits each.

    Args:
        pairs: regular expression of one or more segments, and its replacement, e.g.
            ``(r'block(\d+)', r'blocks.\1')``.
    """
    rules = [(re.compile(rf'(?<![^.]){pattern}(?![^.])'), new) for pattern, new in pairs]

    def rename(key: str) -> str:
        for pattern, new in rules:
            key = pattern.sub(new, key)
        return key

    return rename


def rename_keys(state: Mapping[str, Tensor], rename: Callable[[str], str]) -> State:
    """The same tensors under new keys."""
    return {rename(key): value for key, value in state.items()}
