"""Filling a model that is made of several networks, of which a file may hold only some."""
from typing import Mapping

from torch import Tensor, nn

from ..errors import WeightsError
from .checkpoint import load_state_dict


def load_for_prediction(model: nn.Module, state: Mapping[str, Tensor], source: str) -> list[str]:
    """Fills the networks that ``state`` holds, each strictly.

    The model says in ``needed_for_prediction`` which of its children the file must hold; others
    may be absent, as in files that were converted from a released generator alone, and keep
    the weights that they were built with.

    Args:
        model: direct children are its networks.
        state: keys start with the child's name.
        source: the file's name, for messages.

    Returns:
        Names of the children that the file does not hold.

    Raises:
        WeightsError: a needed child is missing, a key belongs to no child, or shapes differ;
            nothing is certain to have been loaded then.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        name, _, rest = key.partition('.')
        parts.setdefault(name, {})[rest] = value
    children = {name: child for name, child in model.named_children() if child.state_dict()}
    own = {key.partition('.')[0] for key in model.state_dict()}
    unknown = [name for name in parts if name not in own]
    needed = [name for name in getattr(model, 'needed_for_prediction', tuple(children))
              if name not in parts and f'{name}_ema' not in parts]
    if needed or unknown:
        found = ', '.join(parts) or 'nothing'
        raise WeightsError(f'{source}: not a checkpoint of {type(model).__name__} with what it needs to predict '
                           f'({", ".join(needed) or "its networks"}); it holds {found[:200]}. '
                           'It may be of another model or config.')
    for name, child in children.items():
        if name in parts:
            load_state_dict(child, parts[name], f'{source} ({name})',
                            'It is a checkpoint of another model or of another config.')
    return [name for name in children if name not in parts]
