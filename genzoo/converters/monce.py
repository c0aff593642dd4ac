"""MoNCE's released files to genzoo and back.

Each file is a bare state dict: ``*_net_G.pth``, ``*_net_D.pth`` and, unpaired, ``*_net_F.pth``. Those of the unpaired
system are converted here, those of the paired one by :mod:`.monce_paired`; which it is, the keys say.
"""
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import WeightsError
from . import monce_paired
from .common import State, rename_keys, strip_prefix

PARTS = ('generator', 'discriminator', 'patch_sampler')
_BLUR_TAPS = {3: (1., 2., 1.), 4: (1., 3., 3., 1.)}  # of the released constants, by their size
_BLUR_GAIN = {3: 1., 4: 4.}


def vgg_slices_to_genzoo(state: Mapping[str, Tensor]) -> State:
    """VGG-19 as the paired code names it, ``vgg.slice<k>.<n>``, under the keys of ``VGGFeatures``."""
    return rename_keys(state, lambda key: re.sub(r'^vgg\.slice\d+\.', 'features.', key))


def is_paired(state: Mapping[str, Tensor]) -> bool:
    """Whether a part in genzoo's keys is one of the paired system."""
    return any(key.startswith(('conv_img.', 'scales.')) for key in state)


def to_genzoo(part: str, state: Mapping[str, Tensor]) -> State:
    """A released state dict under genzoo's keys.

    Args:
        part: one of ``PARTS``.
        state: as released; ``module.`` before the keys and the blurs' constants may or may not be there.
    """
    if monce_paired.part_of(state):
        return monce_paired.to_genzoo(part, state)
    state = strip_prefix(state)
    if part == 'patch_sampler':
        return rename_keys(state, lambda key: re.sub(r'^mlp_(\d+)\.', r'heads.\1.', key))
    return {key: value for key, value in state.items() if not key.endswith('.filt')}


def from_genzoo(part: str, state: Mapping[str, Tensor]) -> State:
    """The inverse of :func:`to_genzoo`, with the blurs' constants."""
    if is_paired(state):
        return monce_paired.from_genzoo(part, state)
    if part == 'patch_sampler':
        return rename_keys(state, lambda key: re.sub(r'^heads\.(\d+)\.', r'mlp_\1.', key))
    return dict(state) | {f'model.{index}.filt': _blur(channels, taps)
                          for index, channels, taps in blurs_of(part, state)}


def _blur(channels: int, taps: int) -> Tensor:
    row = torch.tensor(_BLUR_TAPS[taps])
    kernel = _BLUR_GAIN[taps] * torch.outer(row, row) / row.sum() ** 2
    return kernel.expand(channels, 1, -1, -1).clone()


def _convolutions(state: Mapping[str, Tensor]) -> dict[int, Tensor]:
    """Weights of the convolutions that are layers of their own, by their index, which rises."""
    found = ((re.fullmatch(r'model\.(\d+)\.weight', key), value) for key, value in state.items())
    return dict(sorted((int(match[1]), value) for match, value in found if match and value.ndim == 4))


def num_blocks(state: Mapping[str, Tensor]) -> int:
    """The residual blocks of a generator."""
    return len({key.split('.')[1] for key in state if '.conv_block.' in key})


def blurs_of(part: str, state: Mapping[str, Tensor]) -> list[tuple[int, int, int]]:
    """Index, channels and number of taps of each blur of a network, read off its convolutions."""
    convs = _convolutions(state)
    if part == 'discriminator':
        return [(index + (3 if index else 2), len(weight), 3) for index, weight in convs.items()
                if index and index + 4 in convs or index == 0 and 3 in convs]
    down = [(index + 3, len(convs[index]), 3) for index in (4, 8) if 8 in convs]
    up = [(index - 1, convs[index].shape[1], 4) for index in list(convs)[-3:-1] if not _is_transposed(convs, index)]
    return down + up


def _is_transposed(convs: Mapping[int, Tensor], index: int) -> bool:
    """Whether a layer after the blocks is a transposed convolution, whose weight begins with the wider side."""
    return convs[index].shape[0] > convs[index].shape[1]


def recognise(state: Any, source: str | Path) -> str:
    """Which part the content of a released file is.

    Raises:
        WeightsError: none; or one with another blur than the released code's.
    """
    is_state = isinstance(state, Mapping) and all(isinstance(key, str) for key in state)
    keys = strip_prefix(state) if is_state else {}
    part = monce_paired.part_of(keys) or _unpaired_part(keys)
    if part is None:
        raise WeightsError(f'{source}: none of MoNCE\'s released files (net_G, net_D, net_F); its first keys are '
                           f'{", ".join(list(keys)[:3]) or "missing"}.')
    strange = next((key for key, value in keys.items() if key.endswith('.filt') and not _is_known_blur(value)), None)
    if strange is not None:
        raise WeightsError(f'{source}: {strange} is not the blur of the released code, which is 1 2 1 before halving '
                           'and 1 3 3 1 after doubling. Networks with other blurs cannot be converted.')
    return part


def _unpaired_part(keys: Mapping[str, Tensor]) -> str | None:
    if any(re.fullmatch(r'mlp_\d+\.0\.weight', key) for key in keys):
        return 'patch_sampler'
    if any('.conv_block.' in key for key in keys):
        return 'generator'
    return 'discriminator' if 'model.0.weight' in keys else None


def _is_known_blur(value: Any) -> bool:
    if not isinstance(value, Tensor) or value.ndim != 4 or value.shape[-1] not in _BLUR_TAPS:
        return False
    known = _blur(len(value), value.shape[-1])
    return known.shape == value.shape and torch.allclose(known, value.float().cpu())


def component_of(part: str, state: Mapping[str, Tensor]) -> dict:
    """The config of the component that a whole state in genzoo's keys is of, read off its shapes.

    Raises:
        KeyError, IndexError: a tensor that says a size is missing or has too few dimensions.
    """
    if is_paired(state):
        return monce_paired.component_of(part, state)
    if part == 'patch_sampler':
        heads = len({key.split('.')[1] for key in state})
        first = [state[f'heads.{number}.0.weight'] for number in range(heads)]
        return dict(type='PatchSampler', nc=first[0].shape[0], in_channels=[weight.shape[1] for weight in first])
    convs = _convolutions(state)
    norm = 'batch' if any(key.endswith('running_mean') for key in state) else 'instance'
    if part == 'discriminator':
        return dict(type='CUTPatchDiscriminator', in_channels=convs[0].shape[1], base_channels=len(convs[0]),
                    num_layers=len(convs) - 2, norm=norm, antialias=3 in convs)
    *_, tail, _, last = convs
    has_dropout = any(key.endswith('.conv_block.6.weight') and value.ndim == 4 for key, value in state.items())
    return dict(type='CUTResnetGenerator', in_channels=convs[1].shape[1], out_channels=len(convs[last]),
                base_channels=len(convs[1]), num_blocks=num_blocks(state), norm=norm, antialias_down=8 in convs,
                antialias_up=not _is_transposed(convs, tail), dropout=has_dropout)
