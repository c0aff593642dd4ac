"""What a checkpoint holds besides weights, as plain data that opens without running code."""
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

KEPT_HISTORY = 1000  # values a scalar; logs average over far fewer
_DROPPED = object()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, Tensor)):
        return value.detach().cpu() if isinstance(value, Tensor) else value
    for kind in (int, float, str):  # subclasses too: an enum or a SampleIndex is written as its number
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        pairs = [(_plain(key), _plain(item)) for key, item in value.items()]
        return {key: item for key, item in pairs if key is not _DROPPED and item is not _DROPPED}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [item for item in map(_plain, value) if item is not _DROPPED]
        return tuple(items) if isinstance(value, tuple) else items
    return _DROPPED


def plain_data(value: Any) -> Any:
    """``value`` as dicts, lists, tuples, strings, numbers and CPU tensors.

    NumPy's numbers and arrays become numbers and lists; what has no plain form is left out
    of the dict or list that holds it.
    """
    value = _plain(value)
    return None if value is _DROPPED else value


def pack_message_hub(state: Mapping) -> dict:
    """mmengine's ``MessageHub.state_dict()`` as plain data, histories cut to their end."""
    histories = {}
    for name, buffer in state['log_scalars'].items():
        values, counts = (np.asarray(part[-KEPT_HISTORY:], dtype=np.float64) for part in buffer.data)
        histories[name] = dict(values=torch.from_numpy(values.copy()), counts=torch.from_numpy(counts.copy()))
    info = plain_data(state['runtime_info'])
    resumed = {key: flag for key, flag in state['resumed_keys'].items() if key in histories or key in info}
    return dict(log_scalars=histories, runtime_info=info, resumed_keys=resumed)


def unpack_message_hub(packed: Mapping) -> dict:
    """What ``MessageHub.load_state_dict`` takes, from what :func:`pack_message_hub` made.
    """
    histories = {name: HistoryBuffer(history['values'].numpy(), history['counts'].numpy())
                 for name, history in packed['log_scalars'].items()}
    return dict(log_scalars=histories, runtime_info=dict(packed['runtime_info']),
                resumed_keys=dict(packed['resumed_keys']))
