"""Filling a model that is made of several networks, of which a file may hold only some."""
from collections.abc import Mapping

from torch import Tensor, nn

from ..errors import WeightsError
from .checkpoint import load_state_dict, tensor_problem

OTHER_MODEL = ('It is a checkpoint of another model or of another config, or a released file that '
               'tools/convert_checkpoint.py has yet to convert.')


def load_for_prediction(model: nn.Module, state: Mapping[str, Tensor], source: str) -> list[str]:
    """Fills the networks that ``state`` holds, each strictly.

    The model says in ``needed_for_prediction`` which of its children the file must hold; others
    may be absent, as in files that were converted from a released generator alone, and keep
    the weights that they were built with. An averaged copy ``<network>_ema`` that is absent gets
    the network's own weights; one that the model has no place for replaces the network's own weights,
    since it is what predictions use.

    Args:
        model: direct children are its networks.
        state: keys start with the child's name.
        source: the file's name, for messages.

    Returns:
        Names of the children that the file does not hold.

    Raises:
        WeightsError: a needed child is missing, a key belongs to no child, shapes differ, or a weight is
            not finite; nothing is certain to have been loaded then.
    """
    parts: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        name, _, rest = key.partition('.')
        parts.setdefault(name, {})[rest] = value
    children = {name: child for name, child in model.named_children() if child.state_dict()}
    own = {key: value for key, value in model.state_dict().items() if '.' not in key}
    for name in [name for name in parts if name.endswith('_ema') and name not in children]:
        if name.removesuffix('_ema') in children:
            parts[name.removesuffix('_ema')] = _averaged(parts.pop(name))
    _refuse_strangers(model, parts, set(children) | set(own), source)
    for name, child in children.items():
        if name in parts:
            load_state_dict(child, parts[name], f'{source} ({name})', OTHER_MODEL)
    for name, child in children.items():
        network = name.removesuffix('_ema')
        if name not in parts and name != network and network in parts:
            load_state_dict(child.module, parts[network], f'{source} ({network})', OTHER_MODEL)
    for key, value in own.items():
        if key in parts:
            _fill_own(model, key, value, parts[key], source)
    _require_finite(state, source)
    return [name for name in children if name not in parts]


def _require_finite(state: Mapping[str, Tensor], source: str) -> None:
    """Raises WeightsError if a weight is NaN or infinite: nothing but noise would come out."""
    broken = next((key for key, value in state.items() if not value.isfinite().all()), None)
    if broken is not None:
        raise WeightsError(f'{source}: {broken} holds values that are not finite. Take an earlier checkpoint.')


def _fill_own(model: nn.Module, key: str, value: Tensor, part: Mapping[str, Tensor], source: str) -> None:
    """Fills a tensor of the model itself."""
    problem = tensor_problem(part.get(''), value)
    if problem or len(part) > 1:
        raise WeightsError(f'{source}: does not fit {type(model).__name__} ({key} {problem or "has parts"}). '
                           f'{OTHER_MODEL}')
    value.copy_(part[''])


def _averaged(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The network's weights in the state of its averaged copy, which wraps it and counts its updates."""
    return {key.removeprefix('module.'): value for key, value in state.items() if key.startswith('module.')}


def _refuse_strangers(model: nn.Module, parts: Mapping, own: set[str], source: str) -> None:
    unknown = [name for name in parts if name not in own]
    missing = [name for name in getattr(model, 'needed_for_prediction', own)
               if name not in parts and f'{name}_ema' not in parts]
    if unknown or missing:
        reasons = ([f'lacks {", ".join(missing)}'] if missing else []) + (
            [f'holds {", ".join(unknown[:3])}, which is unknown'] if unknown else [])
        raise WeightsError(f'{source}: does not fit {type(model).__name__}: it {" and ".join(reasons)}. {OTHER_MODEL}')
