"""MoNCE's released files to genzoo checkpoints and back."""
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import torch

from ..converters import monce, monce_paired
from ..errors import ConfigError, WeightsError
from ..registry import MODELS
from ..utils import open_checkpoint, open_model_checkpoint, refuse_existing, save_checkpoint
from ..utils.checkpoint import state_dict_problems

OFFICIAL_NAMES = dict(generator='latest_net_G.pth', discriminator='latest_net_D.pth', patch_sampler='latest_net_F.pth')


def _recognise(content: object, path: Path) -> tuple[ModuleType, str]:
    """Which half's converter reads a file, and which part it is."""
    if isinstance(content, Mapping) and all(isinstance(key, str) for key in content):
        paired = monce_paired.part_of(content)
        if paired is not None:
            return monce_paired, paired
    return monce, monce.recognise(content, path)


def convert_monce(inputs: Sequence[Path], output: Path, overwrite: bool = False) -> list[str]:
    """Puts released files of MoNCE, unpaired or paired, into one genzoo checkpoint.

    Args:
        inputs: any of net_G, net_D, net_F of one run, told apart by their content.
        output: the checkpoint.
        overwrite: whether it may exist.

    Returns:
        What was put in, a line each.

    Raises:
        ConfigError: nothing to convert, two files of one part or of both halves, or the output exists.
        WeightsError: a file is missing, broken, unsafe, or none of these.
    """
    refuse_existing([output], overwrite)
    state, report, halves = {}, [], set()
    for path in inputs:
        content = open_checkpoint(path)
        half, part = _recognise(content, path)
        halves.add(half)
        if len(halves) > 1 or any(key.startswith(f'{part}.') for key in state):
            raise ConfigError(f'{path}: a second {part}, or of another kind of model. Give the files of one run.')
        converted = half.to_genzoo(part, content)
        _require_whole(half, part, converted, path)
        state |= {f'{part}.{key}': value for key, value in converted.items()}
        report.append(f'{part}, {len(converted)} tensors, from {path}')
    if not state:
        raise ConfigError('nothing: no weights to convert. Give latest_net_G.pth, latest_net_D.pth, ...')
    save_checkpoint(dict(meta=dict(paper='monce'), state_dict=state), output)
    return report


def _require_whole(half: ModuleType, part: str, state: Mapping, path: Path) -> None:
    """Raises WeightsError unless ``state`` is all of a part of the size that it says it has, and nothing else."""
    strange = next((key for key, value in state.items() if not isinstance(value, torch.Tensor)), None)
    if strange is not None:
        raise WeightsError(f'{path}: not a whole {part}, its {strange} is no tensor. Fetch the file again.')
    try:
        with torch.device('meta'):
            module = MODELS.build(half.component_of(part, state))
    except (KeyError, IndexError, ValueError, ZeroDivisionError, RuntimeError) as error:
        reason = ' '.join(str(error.args[0] if error.args else error).split())
        raise WeightsError(f'{path}: not a whole {part}, of its tensors {reason} is missing or of a strange shape. '
                           'Fetch the file again.') from error
    problems = state_dict_problems(module, state)
    if problems:
        raise WeightsError(f'{path}: not a whole {part} ({"; ".join(problems)}). Fetch the file again.')


def release_monce(checkpoint: Path, out_dir: Path, overwrite: bool = False) -> list[str]:
    """Writes the parts of a genzoo checkpoint as the released code reads them.

    Args:
        checkpoint: of CUT or SPADE.
        out_dir: gets latest_net_G.pth, latest_net_D.pth and latest_net_F.pth, as far as the checkpoint holds them.
        overwrite: whether they may exist.

    Returns:
        What was written, a line each.

    Raises:
        ConfigError: a file exists already.
        WeightsError: the checkpoint is missing, broken, unsafe, or holds none of the parts.
    """
    state, _ = open_model_checkpoint(checkpoint)
    parts = {part: {key.removeprefix(f'{part}.'): value for key, value in state.items() if key.startswith(f'{part}.')}
             for part in OFFICIAL_NAMES}
    parts = {part: own for part, own in parts.items() if own}
    if not parts:
        raise WeightsError(f'{checkpoint}: holds no part of MoNCE\'s models.')
    half = monce_paired if any('ups.' in key or 'scales.' in key for own in parts.values() for key in own) else monce
    paths = {part: out_dir / OFFICIAL_NAMES[part] for part in parts}
    refuse_existing(list(paths.values()), overwrite)
    for part, own in parts.items():
        save_checkpoint(half.from_genzoo(part, own), paths[part])
    return [f'{part} to {path}' for part, path in paths.items()]
