"""MoNCE's released files to genzoo checkpoints and back."""
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..converters import monce
from ..converters.common import unwrapped
from ..errors import ConfigError, WeightsError
from ..utils import open_checkpoint, open_model_checkpoint, require_writable, save_checkpoint
from .released import parts_of, whole_part

OFFICIAL_NAMES = dict(
    generator='latest_net_G.pth', discriminator='latest_net_D.pth', patch_sampler='latest_net_F.pth')


def convert_monce(inputs: Sequence[Path], output: Path, overwrite: bool = False) -> list[str]:
    """Puts released files of MoNCE's unpaired (CUT) or paired (SPADE) system into one genzoo checkpoint.

    Args:
        inputs: any of net_G, net_D and, unpaired, net_F, told apart by their content, also as ``state_dict`` of a
            dict.
        output: the checkpoint.
        overwrite: whether it may exist.

    Returns:
        What was put in, a line each.

    Raises:
        ConfigError: nothing to convert, two files of one part, or the output exists.
        WeightsError: a file is missing, broken, unsafe, none of these, or of the other system than the first.
    """
    require_writable([output], overwrite)
    if not inputs:
        raise ConfigError('nothing: no weights to convert. Give *_net_G.pth, ...')
    parts: dict[str, dict] = {}
    report = []
    for path in inputs:
        part, state = whole_part(monce, unwrapped(open_checkpoint(path)), path)
        if part in parts:
            raise ConfigError(f'{path}: a second {part}. Give one file of each kind.')
        parts[part] = state
        if len({monce.is_paired(own) for own in parts.values()}) > 1:
            raise WeightsError(f'{path}: the {part} of the {_system(state)} system, {inputs[0]} is of the other one. '
                               'Give the files of one model.')
        report.append(f'{part} ({_facts(part, state)}), {len(state)} tensors, from {path}')
    state = {f'{part}.{key}': value for part, own in parts.items() for key, value in own.items()}
    save_checkpoint(dict(meta=dict(paper='monce'), state_dict=state), output)
    return report


def _system(state: Mapping) -> str:
    return 'paired' if monce.is_paired(state) else 'unpaired'


def _facts(part: str, state: Mapping) -> str:
    """What of a part's state a user needs to choose a config: what its size is, apart from channels of images."""
    settings = {key: value for key, value in monce.component_of(part, state).items()
                if key not in ('type', 'in_channels', 'out_channels')}
    return ', '.join([_system(state), *(f'{key} {value}' for key, value in settings.items())])


def release_monce(checkpoint: Path, out_dir: Path, overwrite: bool = False) -> list[str]:
    """Writes the parts of a genzoo checkpoint as the released code reads them.

    Args:
        checkpoint: of CUT or SPADEModel.
        out_dir: gets latest_net_G.pth, latest_net_D.pth and latest_net_F.pth, as far as the checkpoint holds
            them (the averaged generator, where there is one).
        overwrite: whether they may exist.

    Returns:
        What was written, a line each.

    Raises:
        ConfigError: a file exists already.
        WeightsError: the checkpoint is missing, broken, unsafe, or holds none of the parts.
    """
    parts = parts_of(open_model_checkpoint(checkpoint)[0], OFFICIAL_NAMES)
    if not parts:
        raise WeightsError(f'{checkpoint}: holds no part of MoNCE.')
    paths = {part: out_dir / OFFICIAL_NAMES[part] for part in parts}
    require_writable(list(paths.values()), overwrite)
    for part, own in parts.items():
        save_checkpoint(monce.from_genzoo(part, own), paths[part])
    return [f'{part} to {path}' for part, path in paths.items()]
