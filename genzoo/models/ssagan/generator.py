"""The generator of SSA-GAN."""
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS
from ..layers import recomputed
from .blocks import Affine, MaskPredictor, SSACNBlock, affines_of

START_SIZE = 4  # pixels at which every generator starts
CHANNEL_MULTS = {256: (8, 8, 8, 8, 4, 2, 1)}


def generator_mults(resolution: int, channel_mults: Sequence[int] | None) -> tuple[int, ...]:
    """The multipliers, checked: n blocks give 4 * 2^(n - 1) pixels."""
    mults = CHANNEL_MULTS.get(resolution) if channel_mults is None else tuple(channel_mults)
    if mults is None:
        raise ConfigError(f'SSACNGenerator: resolution {resolution} needs channel_mults '
                          f'(known for {", ".join(map(str, CHANNEL_MULTS))} only)')
    if START_SIZE * 2**(len(mults) - 1) != resolution:
        raise ConfigError(f'SSACNGenerator: {len(mults)} channel_mults give '
                          f'{START_SIZE * 2**(len(mults) - 1)} pixels, not resolution {resolution}')
    return mults


@MODELS.register_module()
class SSACNGenerator(nn.Module):
    """From noise and a sentence to an image, with the mask of every stage.

    Each block's mask comes from the block before it. SSA-GAN (Liao et al., CVPR 2022), section 3.1.

    Args:
        base_channels: channels of the last block.
        noise_size: size of the noise vector.
        cond_channels: size of the sentence vector.
        resolution: pixels of the image, height and width.
        channel_mults: output channels of each block in units of ``base_channels``; n blocks give
            4 * 2^(n - 1) pixels. None: the paper's for 256.
        mask_channels: hidden channels of the mask predictors.
        norm_cfg: the batch norms, ``BN`` or ``SyncBN``.
        with_text: False for the ablation in which no text reaches the generator.
        with_mask: False for the ablation in which every mask is one everywhere.
        with_cp: saves memory: blocks are computed again in the backward pass.

    Raises:
        ConfigError: ``channel_mults`` does not give ``resolution``.
    """

    def __init__(self, base_channels: int = 64, noise_size: int = 100, cond_channels: int = 256,
                 resolution: int = 256, channel_mults: Sequence[int] | None = None,
                 mask_channels: int = 100, norm_cfg: dict | None = None, with_text: bool = True,
                 with_mask: bool = True, with_cp: bool = False) -> None:
        super().__init__()
        channels = [base_channels * mult for mult in generator_mults(resolution, channel_mults)]
        self.noise_size = noise_size
        self.cond_channels = cond_channels
        self.resolution = resolution
        self.with_text = with_text
        self.with_mask = with_mask
        self.with_cp = with_cp
        self.fc = nn.Linear(noise_size, channels[0] * START_SIZE**2)
        self.mask_predictor = MaskPredictor(channels[0], mask_channels, norm_cfg)
        self.blocks = nn.ModuleList(
            SSACNBlock(before, after, cond_channels, predict_mask=number < len(channels) - 1,
                       mask_channels=mask_channels, upsample=number > 0, norm_cfg=norm_cfg)
            for number, (before, after) in enumerate(zip(channels[:1] + channels, channels)))
        self.to_rgb = nn.Sequential(
            build_norm_layer(norm_cfg or dict(type='BN'), channels[-1])[1],
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(channels[-1], 3, 3, padding=1), nn.Tanh())

    def affines(self, sentence: Tensor) -> list[Affine]:
        """What every conditional norm makes of a sentence, two pairs a block.

        One caption's result serves any number of noises: expand its rows.

        Args:
            sentence: (B, cond_channels).
        """
        if not self.with_text:
            sentence = torch.zeros_like(sentence)
        return affines_of([norm for block in self.blocks for norm in block.norms], sentence)

    def forward(self, noise: Tensor, sentence: Tensor, affines: Sequence[Affine] | None = None,
                mask_fn: Callable[[Tensor], Tensor] | None = None) -> dict[str, Tensor | list[Tensor]]:
        """
        Args:
            noise: (B, noise_size), standard normal.
            sentence: (B, cond_channels).
            affines: of :meth:`affines`, where they are known already.
            mask_fn: applied to every mask (B, 1, s, s) before it is used, to study what the masks do.

        Returns:
            ``fake_img`` (B, 3, resolution, resolution) in [-1, 1], and ``masks``, one a block,
            (B, 1, s, s) in (0, 1) with s = 4, 8, 16, ...
        """
        affines = affines or self.affines(sentence)
        mask_fn = mask_fn if self.with_mask else torch.ones_like
        x = self.fc(noise).unflatten(1, (-1, START_SIZE, START_SIZE))
        logits = self.mask_predictor(x)
        masks = []
        for number, block in enumerate(self.blocks):
            if block.upsample:
                logits = F.interpolate(logits, scale_factor=2, mode='bilinear', align_corners=True)
            mask = torch.sigmoid(logits)
            mask = mask_fn(mask) if mask_fn else mask
            arguments = (x, sentence, mask, affines[2 * number:2 * number + 2])
            x, logits = recomputed(block, *arguments) if self.with_cp else block(*arguments)
            masks.append(mask)
        return dict(fake_img=self.to_rgb(x), masks=masks)

