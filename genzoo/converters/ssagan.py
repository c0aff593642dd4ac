"""SSA-GAN's and AttnGAN's released files to genzoo and back.

Each file is a bare state dict: ``netG_*.pth``, ``netD_*.pth`` (both with ``module.`` before
every key), ``text_encoder*.pth``, ``image_encoder*.pth``.
"""
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import WeightsError
from .common import State, add_batch_counters, rename_keys, segment_renamer, strip_prefix

PARTS = ('generator', 'discriminator', 'text_encoder', 'image_encoder')

_TO_GENZOO = {
    'generator': [(r'block(\d+)', r'blocks.\1'), ('affine0', 'norm1'), ('affine2', 'norm2'),
                  ('batch_norm2d', 'bn'), ('c1', 'conv1'), ('c2', 'conv2'), ('c_sc', 'shortcut'),
                  ('conv_mask', 'mask_predictor'), ('conv_img', 'to_rgb')],
    'discriminator': [(r'block(\d+)', r'blocks.\1'), ('conv_r', 'residual'), ('conv_s', 'shortcut'),
                      (r'COND_DNET\.joint_conv', 'joint_conv')],
    'text_encoder': [('encoder', 'embedding')],
    'image_encoder': [(r'((?:Conv2d|Mixed)_\w+)', r'trunk.\1')],
}
_FROM_GENZOO = {
    'generator': [(r'blocks\.(\d+)', r'block\1'), ('norm1', 'affine0'), ('norm2', 'affine2'),
                  ('bn', 'batch_norm2d'), ('conv1', 'c1'), ('conv2', 'c2'), ('shortcut', 'c_sc'),
                  ('mask_predictor', 'conv_mask'), ('to_rgb', 'conv_img')],
    'discriminator': [(r'blocks\.(\d+)', r'block\1'), ('residual', 'conv_r'), ('shortcut', 'conv_s'),
                      ('joint_conv', 'COND_DNET.joint_conv')],
    'text_encoder': [('embedding', 'encoder')],
    'image_encoder': [(r'trunk\.((?:Conv2d|Mixed)_\w+)', r'\1')],
}
_RELEASED_WITH_MODULE = ('generator', 'discriminator')
_SIGNATURES = {  # a key that only this part's released file has
    'generator': 'conv_mask.0.weight',
    'discriminator': 'COND_DNET.joint_conv.0.weight',
    'text_encoder': 'rnn.weight_ih_l0',
    'image_encoder': 'emb_cnn_code.weight',
}


def to_genzoo(part: str, state: Mapping[str, Tensor]) -> State:
    """A released state dict under genzoo's keys.

    Args:
        part: one of ``PARTS``.
        state: as released; ``module.`` before the keys and the counters of batch norms may
            or may not be there.
    """
    state = rename_keys(strip_prefix(state), segment_renamer(_TO_GENZOO[part]))
    return add_batch_counters(state)


def from_genzoo(part: str, state: Mapping[str, Tensor]) -> State:
    """The inverse of :func:`to_genzoo`, with ``module.`` where the released files have it."""
    state = rename_keys(state, segment_renamer(_FROM_GENZOO[part]))
    return rename_keys(state, 'module.{}'.format) if part in _RELEASED_WITH_MODULE else state


def _is_state(state: Any) -> bool:
    return isinstance(state, Mapping) and all(isinstance(key, str) for key in state)


def recognise(state: Any, source: str | Path) -> str:
    """Which part of SSA-GAN the content of a released file is.

    Raises:
        WeightsError: none.
    """
    keys = strip_prefix(state) if _is_state(state) else {}
    for part, key in _SIGNATURES.items():
        if key in keys:
            return part
    raise WeightsError(f'{source}: none of SSA-GAN\'s released files (netG, netD, text_encoder, image_encoder); '
                       f'its first keys are {", ".join(list(keys)[:3]) or "missing"}.')


def base_channels(part: str, state: Mapping[str, Tensor]) -> int:
    """The width nf of a generator or discriminator in genzoo's keys."""
    return state['to_rgb.2.weight'].shape[1] if part == 'generator' else state['conv_img.weight'].shape[0]


def _channel_mults(state: Mapping[str, Tensor], key: str, base: int) -> list[int]:
    """Output channels of the blocks in units of ``base``, of the layer ``key`` of each."""
    channels = []
    while f'blocks.{len(channels)}.{key}' in state:
        channels.append(state[f'blocks.{len(channels)}.{key}'].shape[0] // base)
    return channels


def component_of(part: str, state: Mapping[str, Tensor]) -> dict:
    """The config of the component that a whole state in genzoo's keys is of, read off its shapes.

    Raises:
        KeyError, IndexError: a tensor that says a size is missing or has too few dimensions.
    """
    if part == 'image_encoder':
        return dict(type='DAMSMImageEncoder', out_channels=state['emb_cnn_code.weight'].shape[0])
    if part == 'text_encoder':
        (words, embed_dim), (rows, hidden) = state['embedding.weight'].shape, state['rnn.weight_hh_l0'].shape
        return dict(type='DAMSMTextEncoder', vocab_size=words, embed_dim=embed_dim, out_channels=2 * hidden,
                    rnn_type='GRU' if rows == 3 * hidden else 'LSTM')
    base = base_channels(part, state)
    if part == 'discriminator':
        mults = _channel_mults(state, 'residual.0.weight', base)
        cond = state['joint_conv.0.weight'].shape[1] - mults[-1] * base
        return dict(type='OneWayDiscriminator', base_channels=base, cond_channels=cond,
                    resolution=4 * 2**len(mults), channel_mults=mults)
    mults = _channel_mults(state, 'conv1.weight', base)
    return dict(type='SSACNGenerator', base_channels=base, noise_size=state['fc.weight'].shape[1],
                cond_channels=state['blocks.0.norm1.fc_gamma.linear1.weight'].shape[1],
                resolution=4 * 2**(len(mults) - 1), channel_mults=mults,
                mask_channels=state['mask_predictor.0.weight'].shape[0])


def vocab_size(text_encoder: Mapping[str, Tensor]) -> int | None:
    """The words that a text encoder in genzoo's keys knows; None if its embedding is missing."""
    embedding = text_encoder.get('embedding.weight')
    return len(embedding) if isinstance(embedding, Tensor) and embedding.ndim else None


def part_of(checkpoint: Any, part: str, source: str | Path) -> State:
    """One part's state in genzoo's keys, from a genzoo checkpoint or a released file.

    Args:
        checkpoint: the opened file.
        part: one of ``PARTS``.
        source: the file's name, for the message.

    Raises:
        WeightsError: the file holds no such part.
    """
    if isinstance(checkpoint, Mapping) and 'state_dict' in checkpoint:
        prefix, whole = f'{part}.', checkpoint['state_dict']
        state = {key.removeprefix(prefix): value for key, value in whole.items()
                 if key.startswith(prefix)} if _is_state(whole) else {}
        if not state:
            raise WeightsError(f'{source}: a genzoo checkpoint without {part}.')
        return state
    found = recognise(checkpoint, source)
    if found != part:
        raise WeightsError(f'{source}: holds the {found}, the {part} was wanted.')
    return to_genzoo(part, checkpoint)


def vocabulary_of(checkpoint: Mapping[str, Any]) -> list[str] | None:
    """The words that a genzoo checkpoint was trained with; None for released files, which do not say."""
    meta = checkpoint.get('meta')
    dataset = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    words = dataset.get('vocabulary') if isinstance(dataset, Mapping) else None
    is_list = isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words)
    return list(words) if is_list else None
