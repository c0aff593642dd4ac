"""The discriminator of paired translation."""
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS
from ..layers import InstanceNorm2d, spectral_norm, xavier_normal_init


class NLayerDiscriminator(nn.Module):
    """PatchGAN on one scale, whose padding of 2 makes maps one larger than usual.

    Args:
        in_channels: of label map and image together.
        base_channels: width of the first layer (the papers' ndf).
        num_layers: before the logits.
    """

    def __init__(self, in_channels: int, base_channels: int = 64, num_layers: int = 4) -> None:
        super().__init__()
        widths = [min(base_channels * 2**number, 512) for number in range(num_layers)]
        self.stages = nn.ModuleList([nn.Sequential(nn.Conv2d(in_channels, widths[0], 4, 2, 2), nn.LeakyReLU(0.2))])
        for number in range(1, num_layers):
            conv = nn.Conv2d(widths[number - 1], widths[number], 4, 1 if number == num_layers - 1 else 2, 2, bias=False)
            self.stages.append(nn.Sequential(spectral_norm(conv), InstanceNorm2d(widths[number]),
                                             nn.LeakyReLU(0.2)))
        self.stages.append(nn.Conv2d(widths[-1], 1, 4, 1, 2))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The outputs of all stages, the logits last."""
        outputs = []
        for stage in self.stages:
            x = stage(x)
            outputs.append(x)
        return outputs


@MODELS.register_module()
class SPADEMultiscaleDiscriminator(nn.Module):
    """Label map and image judged together, at full and at half size, by networks of their own.

    pix2pixHD (Wang et al., CVPR 2018), as used by SPADE and MoNCE.

    Args:
        label_channels: of the label map.
        base_channels: width of the first layer (the papers' ndf).
        num_layers: of each network, before its logits.
        num_scales: networks.
    """

    def __init__(self, label_channels: int, base_channels: int = 64, num_layers: int = 4, num_scales: int = 2) -> None:
        super().__init__()
        self.label_channels = label_channels
        self.scales = nn.ModuleList(NLayerDiscriminator(label_channels + 3, base_channels, num_layers)
                                    for _ in range(num_scales))
        xavier_normal_init(self)

    def explain_misfit(self, state: Mapping[str, Tensor]) -> str | None:
        """Of how many label channels weights in these keys are, if not of this network's; None if they are."""
        first = state.get('scales.0.stages.0.0.weight')
        if not isinstance(first, Tensor) or first.ndim != 4 or first.shape[1] - 3 == self.label_channels:
            return None
        return f'made for label maps of {first.shape[1] - 3} channels, label_channels is {self.label_channels}'

    def forward(self, labels: Tensor, images: Tensor) -> list[list[Tensor]]:
        """
        Args:
            labels: (B, label_channels, H, W).
            images: (B, 3, H, W), in [-1, 1].

        Returns:
            For each scale the outputs of its stages, the logits last.
        """
        x, outputs = torch.cat([labels, images], 1), []
        for scale in self.scales:
            outputs.append(scale(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return outputs
