"""The building blocks of the generator: conditional batch norm under a predicted mask."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from torch import Tensor, nn

from ...registry import MODELS

COND_HIDDEN = 256  # hidden units of the MLPs that predict gamma and beta


class Affine(NamedTuple):
    """Channel-wise scale and shift that a sentence asks for, (B, C) each."""
    gamma: Tensor
    beta: Tensor


class SentenceMLP(nn.Module):
    """Linear - ReLU - Linear from a sentence to one value a channel; zero at the start.

    Args:
        cond_channels: size of the sentence vector.
        out_channels: channels to predict for.
    """

    def __init__(self, cond_channels: int, out_channels: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(cond_channels, COND_HIDDEN)
        self.linear2 = nn.Linear(COND_HIDDEN, out_channels)
        nn.init.zeros_(self.linear2.weight)
        nn.init.zeros_(self.linear2.bias)

    def forward(self, sentence: Tensor) -> Tensor:
        """(B, cond_channels) to (B, out_channels)."""
        return self.linear2(F.relu(self.linear1(sentence)))


def affines_of(norms: Sequence['SemanticSpatialCondBN'], sentence: Tensor) -> list[Affine]:
    """What each norm's two MLPs make of a sentence, the first layers of all as one product.

    Args:
        norms: conditional norms of one generator.
        sentence: (B, D).

    Returns:
        One pair a norm.
    """
    mlps = [mlp for norm in norms for mlp in (norm.fc_gamma, norm.fc_beta)]
    weight = torch.cat([mlp.linear1.weight for mlp in mlps])
    bias = torch.cat([mlp.linear1.bias for mlp in mlps])
    hidden = F.relu(F.linear(sentence, weight, bias)).split(COND_HIDDEN, dim=1)
    values = [mlp.linear2(part) for mlp, part in zip(mlps, hidden)]
    return [Affine(*pair) for pair in zip(values[::2], values[1::2])]


@MODELS.register_module()
class SemanticSpatialCondBN(nn.Module):
    r"""Batch norm whose affine transform a sentence predicts and a mask places.

    .. math:: y = (1 + \gamma(s)\, m) \, \mathrm{BN}(x) + \beta(s)\, m

    As released: the paper's equation multiplies the identity by the mask as well.
    SSA-GAN (Liao et al., CVPR 2022), section 3.3.

    Args:
        num_features: channels of ``x``.
        cond_channels: size of the sentence vector.
        norm_cfg: the batch norm, ``BN`` or ``SyncBN``; never affine.
    """

    def __init__(self, num_features: int, cond_channels: int = 256,
                 norm_cfg: dict | None = None) -> None:
        super().__init__()
        self.bn = build_norm_layer(dict(norm_cfg or dict(type='BN'), affine=False), num_features)[1]
        self.fc_gamma = SentenceMLP(cond_channels, num_features)
        self.fc_beta = SentenceMLP(cond_channels, num_features)

    def forward(self, x: Tensor, sentence: Tensor, mask: Tensor, affine: Affine | None = None) -> Tensor:
        """
        Args:
            x: (B, C, H, W).
            sentence: (B, cond_channels).
            mask: (B, 1, H, W) in (0, 1).
            affine: what the MLPs make of the sentence, where it is known already.

        Returns:
            (B, C, H, W).
        """
        gamma, beta = affine or (self.fc_gamma(sentence), self.fc_beta(sentence))
        x = self.bn(x)
        return x + mask * torch.addcmul(beta[:, :, None, None], x, gamma[:, :, None, None])


@MODELS.register_module()
class MaskPredictor(nn.Sequential):
    """conv3x3 - batch norm - ReLU - conv1x1 to the logits of a mask, (B, C, H, W) to (B, 1, H, W).

    Args:
        in_channels: channels of the features.
        mask_channels: hidden channels.
        norm_cfg: the batch norm, ``BN`` or ``SyncBN``.
    """

    def __init__(self, in_channels: int, mask_channels: int = 100, norm_cfg: dict | None = None) -> None:
        super().__init__(
            nn.Conv2d(in_channels, mask_channels, 3, padding=1),
            build_norm_layer(norm_cfg or dict(type='BN'), mask_channels)[1],
            nn.ReLU(inplace=True),
            nn.Conv2d(mask_channels, 1, 1))


@MODELS.register_module()
class SSACNBlock(nn.Module):
    """Residual block of two masked conditional norms; predicts the next block's mask.

    SSA-GAN (Liao et al., CVPR 2022), section 3.2.

    Args:
        in_channels, out_channels: of the features.
        cond_channels: size of the sentence vector.
        predict_mask: with a :class:`MaskPredictor` on the output.
        mask_channels: hidden channels of the mask predictor.
        upsample: doubles the resolution first, to the nearest neighbour.
        norm_cfg: the batch norms, ``BN`` or ``SyncBN``.
    """

    def __init__(self, in_channels: int, out_channels: int, cond_channels: int = 256,
                 predict_mask: bool = True, mask_channels: int = 100, upsample: bool = False,
                 norm_cfg: dict | None = None) -> None:
        super().__init__()
        self.upsample = upsample
        self.norm1 = SemanticSpatialCondBN(in_channels, cond_channels, norm_cfg)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = SemanticSpatialCondBN(out_channels, cond_channels, norm_cfg)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.gamma = nn.Parameter(torch.zeros(1))
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None
        self.mask_predictor = (
            MaskPredictor(out_channels, mask_channels, norm_cfg) if predict_mask else None)

    @property
    def norms(self) -> tuple[SemanticSpatialCondBN, SemanticSpatialCondBN]:
        """The two conditional norms."""
        return self.norm1, self.norm2

    def forward(self, x: Tensor, sentence: Tensor, mask: Tensor,
                affines: Sequence[Affine | None] = (None, None)) -> tuple[Tensor, Tensor | None]:
        """
        Args:
            x: (B, in_channels, h, w).
            sentence: (B, cond_channels).
            mask: (B, 1, H, W) in (0, 1); H = 2h with ``upsample``, else h.
            affines: of the two norms, where they are known already.

        Returns:
            Features (B, out_channels, H, W), and the logits of the next mask (B, 1, H, W) or None.
        """
        # A 1x1 convolution commutes with copying pixels: four times less work before it.
        shortcut = x if self.shortcut is None else self.shortcut(x)
        if self.upsample:
            x = F.interpolate(x, scale_factor=2, mode='nearest')
            shortcut = x if self.shortcut is None else F.interpolate(shortcut, scale_factor=2, mode='nearest')
        residual = self.conv1(F.relu(self.norm1(x, sentence, mask, affines[0])))
        residual = self.conv2(F.relu(self.norm2(residual, sentence, mask, affines[1])))
        y = torch.addcmul(shortcut, self.gamma.to(residual.dtype), residual)
        return y, None if self.mask_predictor is None else self.mask_predictor(y)
