"""Patches of feature maps: where they are, taking them out, their length."""
import torch
from torch import Tensor

from ...errors import ConfigError


def l2_normalize(x: Tensor, dim: int = -1) -> Tensor:
    """Vectors of about unit length: ``x / (||x|| + 1e-7)``, the small number added to the length."""
    return x / (x.norm(dim=dim, keepdim=True) + 1e-7)


def draw_patch_ids(num_positions: int, num_patches: int, generator: torch.Generator | None = None) -> Tensor:
    """Positions drawn without repetition, the same for all images of a batch.

    Args:
        num_positions: H * W of the map.
        num_patches: how many to draw; at most all.
        generator: on the CPU; PyTorch's global one by default.

    Returns:
        (min(num_patches, num_positions),), int64, on the CPU.

    Raises:
        ConfigError: ``num_patches`` is no whole number above 0.
    """
    if not isinstance(num_patches, int) or num_patches < 1:
        raise ConfigError(f'num_patches={num_patches!r}: must be a whole number, 1 or more')
    return torch.randperm(num_positions, generator=generator)[:num_patches]


def gather_patches(features: Tensor, ids: Tensor) -> Tensor:
    """Feature vectors at some positions.

    Args:
        features: (B, C, H, W).
        ids: positions in the flattened map, row by row, (n,), or (B, n) for each image its own.

    Returns:
        (B, n, C).
    """
    flat, ids = features.flatten(2), ids.to(features.device)
    if ids.ndim == 1:
        return flat[:, :, ids].mT
    return flat.gather(2, ids[:, None].expand(-1, flat.shape[1], -1)).mT
