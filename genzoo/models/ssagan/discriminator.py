"""The discriminator of SSA-GAN, one-way output in DF-GAN's style."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS
from ..layers import recomputed

END_SIZE = 4  # pixels at which the features meet the sentence
CHANNEL_MULTS = {256: (2, 4, 8, 16, 16, 16)}


def discriminator_mults(resolution: int, channel_mults: Sequence[int] | None) -> tuple[int, ...]:
    """The multipliers, checked: n blocks take 4 * 2^n pixels."""
    mults = CHANNEL_MULTS.get(resolution) if channel_mults is None else tuple(channel_mults)
    if mults is None:
        raise ConfigError(f'OneWayDiscriminator: resolution {resolution} needs channel_mults '
                          f'(known for {", ".join(map(str, CHANNEL_MULTS))} only)')
    if END_SIZE * 2**len(mults) != resolution:
        raise ConfigError(f'OneWayDiscriminator: {len(mults)} channel_mults take '
                          f'{END_SIZE * 2**len(mults)} pixels, not resolution {resolution}')
    return mults


class DownBlock(nn.Module):
    """Residual block that halves the resolution, (B, in, H, W) to (B, out, H / 2, W / 2).

    Args:
        in_channels, out_channels: of the features.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False), nn.LeakyReLU(0.2, inplace=True))
        # As released: the 1x1 convolution exists, untrained, also where it is not used.
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1)
        self.learned_shortcut = in_channels != out_channels
        self.shortcut.requires_grad_(self.learned_shortcut)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) to (B, out, H / 2, W / 2)."""
        # The pooling commutes with the 1x1 convolution that it follows in the paper.
        shortcut = F.avg_pool2d(x, 2)
        if self.learned_shortcut:
            shortcut = self.shortcut(shortcut)
        residual = self.residual(x)
        return torch.addcmul(shortcut, self.gamma.to(residual.dtype), residual)


@MODELS.register_module()
class OneWayDiscriminator(nn.Module):
    """Judges whether an image is real and fits a sentence, in one logit.

    SSA-GAN (Liao et al., CVPR 2022), section 3.4; DF-GAN (Tao et al., CVPR 2022).

    Args:
        base_channels: channels of the first convolution.
        cond_channels: size of the sentence vector.
        resolution: pixels of the image, height and width.
        channel_mults: output channels of each block in units of ``base_channels``; n blocks take
            4 * 2^n pixels. None: the paper's for 256.
        with_cp: saves memory: blocks are computed again in the backward pass, except for the gradient
            penalty.

    Raises:
        ConfigError: ``channel_mults`` does not fit ``resolution``.
    """

    def __init__(self, base_channels: int = 64, cond_channels: int = 256, resolution: int = 256,
                 channel_mults: Sequence[int] | None = None, with_cp: bool = False) -> None:
        super().__init__()
        self.with_cp = with_cp
        channels = [base_channels * mult for mult in discriminator_mults(resolution, channel_mults)]
        self.conv_img = nn.Conv2d(3, base_channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            DownBlock(before, after) for before, after in zip([base_channels, *channels], channels))
        self.joint_conv = nn.Sequential(
            nn.Conv2d(channels[-1] + cond_channels, 2 * base_channels, 3, padding=1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * base_channels, 1, END_SIZE, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Features of images.

        Args:
            x: (B, 3, resolution, resolution) in [-1, 1].

        Returns:
            (B, C, 4, 4).
        """
        # An image whose own gradient is wanted is that of the penalty, which goes backward twice.
        recompute = self.with_cp and not (x.is_leaf and x.requires_grad)
        x = self.conv_img(x)
        for block in self.blocks:
            x = recomputed(block, x) if recompute else block(x)
        return x

    def logits(self, features: Tensor, sentence: Tensor) -> Tensor:
        """Whether features fit sentences.

        Args:
            features: (B, C, 4, 4).
            sentence: (B, cond_channels).

        Returns:
            (B, 1, 1, 1).
        """
        sentence = sentence[:, :, None, None].expand(-1, -1, *features.shape[2:])
        return self.joint_conv(torch.cat([features, sentence], dim=1))
