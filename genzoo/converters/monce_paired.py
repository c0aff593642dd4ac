"""The paired half of MoNCE's released files, SPADE's, to genzoo and back."""
import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from .common import State, add_batch_counters, rename_keys, segment_renamer, strip_prefix

_SPECTRAL = [(r'weight_orig', 'parametrizations.weight.original'), (r'weight_u', 'parametrizations.weight.0._u'),
             (r'weight_v', 'parametrizations.weight.0._v')]
_SPECTRAL_BACK = [(r'parametrizations\.weight\.original', 'weight_orig'),
                  (r'parametrizations\.weight\.0\._u', 'weight_u'), (r'parametrizations\.weight\.0\._v', 'weight_v')]
_TO_GENZOO = {
    'generator': [(r'up_(\d+)', r'ups.\1'), ('param_free_norm', 'norm'), ('mlp_shared', 'shared'), *_SPECTRAL],
    'discriminator': [(r'discriminator_(\d+)', r'scales.\1'), (r'model(\d+)\.0\.0', r'stages.\1.0'), *_SPECTRAL],
}
_FROM_GENZOO = {
    'generator': [(r'ups\.(\d+)', r'up_\1'), ('norm', 'param_free_norm'), ('shared', 'mlp_shared'), *_SPECTRAL_BACK],
    'discriminator': [(r'scales\.(\d+)', r'discriminator_\1'), *_SPECTRAL_BACK],
}


def part_of(state: Mapping[str, Tensor]) -> str | None:
    """Which part of the paired system a released state dict is; None for others."""
    state = strip_prefix(state)
    if 'conv_img.weight' in state and 'fc.weight' in state:
        return 'generator'
    return 'discriminator' if 'discriminator_0.model0.0.weight' in state else None


def to_genzoo(part: str, state: Mapping[str, Tensor]) -> State:
    """A released state dict of the paired system under genzoo's keys.

    Args:
        part: ``'generator'`` or ``'discriminator'``.
        state: as released; ``module.`` before the keys and the counters of batch norms may or may not be there.
    """
    state = strip_prefix(state)
    if part == 'discriminator':
        state = rename_keys(state, _stage_key(state))
    state = rename_keys(state, segment_renamer(_TO_GENZOO[part]))
    return add_batch_counters(_fused(state) if part == 'generator' else state)


def _stage_key(state: Mapping[str, Tensor]):
    """First and last stage have other depths than those between: ``model0.0`` is a convolution, ``model1.0.0``, too."""
    last = max(int(re.search(r'model(\d+)\.', key)[1]) for key in state)
    first = re.compile(r'model0\.0\.')
    final = re.compile(rf'model{last}\.0\.')
    return lambda key: final.sub(f'stages.{last}.', first.sub('stages.0.0.', key))


def _fused(state: State) -> State:
    """Gamma's and beta's convolutions as one."""
    fused = {}
    for key, value in state.items():
        if '.mlp_gamma.' in key:
            fused[key.replace('mlp_gamma', 'gamma_beta')] = torch.cat([value, state[key.replace('gamma', 'beta')]])
        elif '.mlp_beta.' not in key:
            fused[key] = value
    return fused


def from_genzoo(part: str, state: Mapping[str, Tensor]) -> State:
    """The inverse of :func:`to_genzoo`."""
    if part == 'generator':
        return rename_keys(_split(state), segment_renamer(_FROM_GENZOO[part]))
    last = max(int(re.search(r'stages\.(\d+)\.', key)[1]) for key in state)

    def rename(key: str) -> str:
        key = re.sub(r'stages\.0\.0\.', 'model0.0.', key)
        key = re.sub(rf'stages\.{last}\.', f'model{last}.0.', key)
        return re.sub(r'stages\.(\d+)\.0\.', r'model\1.0.0.', key)

    return rename_keys(rename_keys(state, rename), segment_renamer(_FROM_GENZOO[part]))


def _split(state: Mapping[str, Tensor]) -> State:
    split = {}
    for key, value in state.items():
        if '.gamma_beta.' in key:
            for name, half in zip(('mlp_gamma', 'mlp_beta'), value.chunk(2)):
                split[key.replace('gamma_beta', name)] = half.clone()
        else:
            split[key] = value
    return split


def component_of(part: str, state: Mapping[str, Tensor]) -> dict:
    """The config of the component that a whole state in genzoo's keys is of, as far as shapes tell.

    The size of the images is not among them; with noise in place of the label map, that of the first features is, and
    ``crop_size`` and ``aspect_ratio`` (1 or 2) are such that they give it by ``num_upsampling_layers``, which may be
    ``'normal'`` here for ``'more'``, too.

    Raises:
        KeyError, IndexError: a tensor that says a size is missing or has too few dimensions.
    """
    if part == 'discriminator':
        first = state['scales.0.stages.0.0.weight']
        stages = {int(key.split('.')[3]) for key in state if key.startswith('scales.0.')}
        return dict(type='SPADEMultiscaleDiscriminator', label_channels=first.shape[1] - 3, base_channels=len(first),
                    num_layers=max(stages), num_scales=len({key.split('.')[1] for key in state}))
    fc, image = state['fc.weight'], state['conv_img.weight']
    most = 'ups.4.conv_0.bias' in state
    base = image.shape[1] * (2 if most else 1)
    cfg = dict(type='SPADEGenerator', label_channels=state['head_0.norm_0.shared.0.weight'].shape[1],
               base_channels=base, num_upsampling_layers='most' if most else 'normal')
    return cfg if fc.ndim == 4 else dict(cfg, use_vae=True, noise_size=fc.shape[1],
                                         **_first_size(fc.shape[0] // (16 * base), 7 if most else 5))


def _first_size(places: int, doublings: int) -> dict:
    """Settings whose first features have so many places."""
    for aspect_ratio in (1, 2):
        width = math.isqrt(places * aspect_ratio)
        if width * width == places * aspect_ratio:
            return dict(crop_size=width * 2**doublings, aspect_ratio=float(aspect_ratio))
    raise KeyError('fc.weight')
