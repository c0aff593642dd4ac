"""Spatially adaptive normalisation: a label map scales and shifts normalised features, place by place."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as _spectral_norm

from ...registry import MODELS


def spectral_norm(layer: nn.Module) -> nn.Module:
    """With its weight divided by its largest singular value, one power iteration each training forward."""
    return _spectral_norm(layer, n_power_iterations=1, eps=1e-12)


class LabelPyramid:
    """A label map at the sizes of the features that it meets; each is resized once.

    Args:
        labels: (B, S, H, W).
    """

    def __init__(self, labels: Tensor) -> None:
        self._sizes = {tuple(labels.shape[2:]): labels}
        self.full = labels

    def at(self, size: torch.Size) -> Tensor:
        """(B, S, h, w), nearest, for ``size`` (h, w)."""
        size = tuple(size)
        if size not in self._sizes:
            self._sizes[size] = F.interpolate(self.full, size=size, mode='nearest')
        return self._sizes[size]


@MODELS.register_module()
class SPADENorm(nn.Module):
    r"""Batch norm without weights, then a scale and a shift for each place, read off the label map.

    .. math:: \mathrm{BN}(x) (1 + \gamma(m)) + \beta(m)

    The convolutions of :math:`\gamma` and :math:`\beta` are one. SPADE (Park et al., CVPR 2019), eq. 1.

    Args:
        channels: of the features.
        label_channels: of the label map.
        hidden: channels between the label map and its scale and shift.
    """

    def __init__(self, channels: int, label_channels: int, hidden: int = 128) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Sequential(nn.Conv2d(label_channels, hidden, 3, 1, 1), nn.ReLU())
        self.gamma_beta = nn.Conv2d(hidden, 2 * channels, 3, 1, 1)
        self.gamma_beta.num_fused = 2  # each begins as a convolution of its own

    def forward(self, x: Tensor, labels: LabelPyramid) -> Tensor:
        """
        Args:
            x: (B, channels, h, w).
            labels: of any size.

        Returns:
            (B, channels, h, w).
        """
        gamma, beta = self.gamma_beta(self.shared(labels.at(x.shape[2:]))).chunk(2, 1)
        return torch.addcmul(beta, self.norm(x), 1 + gamma)


@MODELS.register_module()
class SPADEResBlock(nn.Module):
    """A residual block whose normalisations read the label map; its convolutions are spectrally normalised.

    SPADE (Park et al., CVPR 2019).

    Args:
        in_channels: of the features.
        out_channels: of the output; where they differ, the shortcut is learned.
        label_channels: of the label map.
    """

    def __init__(self, in_channels: int, out_channels: int, label_channels: int) -> None:
        super().__init__()
        middle = min(in_channels, out_channels)
        self.norm_0 = SPADENorm(in_channels, label_channels)
        self.conv_0 = spectral_norm(nn.Conv2d(in_channels, middle, 3, 1, 1))
        self.norm_1 = SPADENorm(middle, label_channels)
        self.conv_1 = spectral_norm(nn.Conv2d(middle, out_channels, 3, 1, 1))
        self.norm_s = self.conv_s = None
        if in_channels != out_channels:
            self.norm_s = SPADENorm(in_channels, label_channels)
            self.conv_s = spectral_norm(nn.Conv2d(in_channels, out_channels, 1, bias=False))

    def forward(self, x: Tensor, labels: LabelPyramid) -> Tensor:
        """
        Args:
            x: (B, in_channels, h, w).
            labels: of any size.

        Returns:
            (B, out_channels, h, w).
        """
        shortcut = x if self.conv_s is None else self.conv_s(self.norm_s(x, labels))
        inner = self.conv_0(F.leaky_relu(self.norm_0(x, labels), 0.2))
        return shortcut + self.conv_1(F.leaky_relu(self.norm_1(inner, labels), 0.2))
