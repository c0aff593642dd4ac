"""Resampling with a binomial blur, so that nothing is aliased (Zhang, ICML 2019)."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS


def binomial_kernel(taps: Sequence[float]) -> Tensor:
    """The outer product of a row of taps with itself, sum 1, (k, k)."""
    row = torch.tensor(taps, dtype=torch.float32)
    return torch.outer(row, row) / row.sum() ** 2


class _Blur(nn.Module):
    """A fixed kernel, applied to each channel.

    Args:
        channels: of the maps.
        taps: of the separable kernel.
        gain: factor of the kernel.
    """

    def __init__(self, channels: int, taps: Sequence[float], gain: float) -> None:
        super().__init__()
        self.channels = channels
        kernel = gain * binomial_kernel(taps)
        self.register_buffer('kernel', kernel.expand(channels, 1, -1, -1).clone(), persistent=False)


@MODELS.register_module()
class BlurDownsample(_Blur):
    """Half the size, blurred by 1 2 1 before.

    Args:
        channels: of the maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, (1, 2, 1), 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, ceil(H / 2), ceil(W / 2))."""
        return F.conv2d(F.pad(x, (1, 1, 1, 1), 'reflect'), self.kernel, stride=2, groups=self.channels)


@MODELS.register_module()
class BlurUpsample(_Blur):
    """Twice the size, blurred by 1 3 3 1.

    Args:
        channels: of the maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, (1, 3, 3, 1), 4.0)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, 2H, 2W)."""
        padded = F.pad(x, (1, 1, 1, 1), 'replicate')
        return F.conv_transpose2d(padded, self.kernel, stride=2, padding=2, groups=self.channels)[:, :, 1:-1, 1:-1]
