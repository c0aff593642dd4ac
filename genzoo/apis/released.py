"""What the conversions of all papers share: parts of released files, and of genzoo checkpoints."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from ..errors import WeightsError
from ..registry import MODELS
from ..utils.checkpoint import state_dict_problems


def whole_part(converter: ModuleType, content: Any, path: Path) -> tuple[str, dict]:
    """A part of a paper's system and its state in genzoo's keys, from a released file's content.

    Args:
        converter: of the paper, e.g. ``genzoo.converters.ssagan``.
        content: of the file, opened.
        path: of the file, for the message.

    Raises:
        WeightsError: it is none of the paper's, or not all of a part of the size that it says it has.
    """
    part = converter.recognise(content, path)
    strange = next((key for key, value in content.items() if not isinstance(value, torch.Tensor)), None)
    if strange is not None:
        raise WeightsError(f'{path}: not a whole {part}, its {strange} is no tensor. Fetch the file again.')
    try:
        state = converter.to_genzoo(part, content)
        with torch.device('meta'):
            module = MODELS.build(converter.component_of(part, state))
    except (KeyError, IndexError, ValueError, TypeError, ZeroDivisionError, RuntimeError, AssertionError) as error:
        reason = ' '.join(str(error.args[0] if error.args else error).split())
        raise WeightsError(f'{path}: not a whole {part}, of its tensors {reason} is missing or of a strange '
                           'shape. Fetch the file again.') from error
    problems = state_dict_problems(module, state)
    if problems:
        raise WeightsError(f'{path}: not a whole {part} ({"; ".join(problems)}). Fetch the file again.')
    return part, state


def parts_of(state: Mapping[str, torch.Tensor], names: Sequence[str]) -> dict[str, dict]:
    """The states of those parts that a model's state holds; of the generator, the averaged copy if there is one."""
    averaged = {key.replace('generator_ema.module.', 'generator.'): value for key, value in state.items()
                if key.startswith('generator_ema.module.')}
    parts = {part: {key.removeprefix(f'{part}.'): value for key, value in (state | averaged).items()
                    if key.startswith(f'{part}.')} for part in names}
    return {part: own for part, own in parts.items() if own}
