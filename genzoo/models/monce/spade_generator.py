"""The generator of paired translation."""
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS
from ..layers import LabelPyramid, SPADEResBlock, xavier_normal_init

UPSAMPLINGS = dict(normal=5, more=6, most=7)  # times the first size is doubled


@MODELS.register_module()
class SPADEGenerator(nn.Module):
    """A label map to an image: blocks that read the label map at ever larger sizes.

    SPADE (Park et al., CVPR 2019), as used by MoNCE (Zhan et al., CVPR 2022).

    Args:
        label_channels: of the label map (the papers' semantic_nc).
        base_channels: width of the last block (the papers' ngf).
        crop_size: width of the image, pixels.
        aspect_ratio: width over height.
        num_upsampling_layers: ``'normal'``, ``'more'`` or ``'most'``: doubled 5, 6 or 7 times.
        use_vae: starts from noise in place of the label map.
        noise_size: of that noise.

    Raises:
        ConfigError: unknown number of upsamplings, or the image is too small for it or no multiple of its doublings.
    """

    def __init__(self, label_channels: int, base_channels: int = 64, crop_size: int = 256, aspect_ratio: float = 1.0,
                 num_upsampling_layers: str = 'normal', use_vae: bool = False, noise_size: int = 256) -> None:
        super().__init__()
        if num_upsampling_layers not in UPSAMPLINGS:
            raise ConfigError(f'SPADEGenerator: num_upsampling_layers={num_upsampling_layers!r} is none of '
                              f'{", ".join(UPSAMPLINGS)}')
        width = crop_size // 2**UPSAMPLINGS[num_upsampling_layers]
        height = round(width / aspect_ratio)
        if width < 1 or height < 1:
            raise ConfigError(f'SPADEGenerator: crop_size={crop_size} is too small for {num_upsampling_layers!r} '
                              'upsampling')
        _require_whole(crop_size, aspect_ratio, (height, width), 2**UPSAMPLINGS[num_upsampling_layers])
        c, most = base_channels, num_upsampling_layers == 'most'
        self.label_channels, self.noise_size, self.use_vae = label_channels, noise_size, use_vae
        self.start = (height, width)
        doublings = UPSAMPLINGS[num_upsampling_layers]
        self.image_size = (height * 2**doublings, width * 2**doublings)
        self.doubles_in_the_middle = num_upsampling_layers != 'normal'
        self.fc = (nn.Linear(noise_size, 16 * c * height * width) if use_vae else
                   nn.Conv2d(label_channels, 16 * c, 3, 1, 1))
        self.head_0 = SPADEResBlock(16 * c, 16 * c, label_channels)
        self.G_middle_0 = SPADEResBlock(16 * c, 16 * c, label_channels)
        self.G_middle_1 = SPADEResBlock(16 * c, 16 * c, label_channels)
        widths = [16 * c, 8 * c, 4 * c, 2 * c, c, *([c // 2] if most else [])]
        self.ups = nn.ModuleList(SPADEResBlock(before, after, label_channels)
                                 for before, after in zip(widths, widths[1:]))
        self.conv_img = nn.Conv2d(widths[-1], 3, 3, 1, 1)
        xavier_normal_init(self)

    def explain_misfit(self, state: Mapping[str, Tensor]) -> str | None:
        """Which setting weights in these keys were made with, if it is not this network's; None if all seem equal."""
        labels, fc = (state.get(key) for key in ('head_0.norm_0.shared.0.weight', 'fc.weight'))
        if isinstance(labels, Tensor) and labels.ndim == 4 and labels.shape[1] != self.label_channels:
            return f'made for label maps of {labels.shape[1]} channels, label_channels is {self.label_channels}'
        if isinstance(fc, Tensor) and (fc.ndim == 2) != self.use_vae:
            return f'made with use_vae={fc.ndim == 2}, use_vae is {self.use_vae}'
        return None

    def forward(self, labels: Tensor, noise: Tensor | None = None) -> Tensor:
        """
        Args:
            labels: (B, label_channels, H, W).
            noise: (B, noise_size), standard normal, for ``use_vae``; drawn if not given.

        Returns:
            (B, 3, crop_size / aspect_ratio, crop_size), in [-1, 1].
        """
        pyramid = LabelPyramid(labels)
        x = self.head_0(self._start(pyramid, noise), pyramid)
        x = self.G_middle_0(_double(x), pyramid)
        x = self.G_middle_1(_double(x) if self.doubles_in_the_middle else x, pyramid)
        for block in self.ups:
            x = block(_double(x), pyramid)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))

    def _start(self, pyramid: LabelPyramid, noise: Tensor | None) -> Tensor:
        if not self.use_vae:
            return self.fc(pyramid.at(self.start))
        labels = pyramid.full
        noise = labels.new_empty(len(labels), self.noise_size).normal_() if noise is None else noise
        return self.fc(noise).view(len(noise), -1, *self.start)


def _require_whole(crop_size: int, aspect_ratio: float, start: tuple[int, int], factor: int) -> None:
    height, width = (side * factor for side in start)
    if width != crop_size or round(crop_size / aspect_ratio) != height:
        raise ConfigError(f'SPADEGenerator: crop_size={crop_size}, aspect_ratio={aspect_ratio}: would make images of '
                          f'{width}x{height} pixels. Choose sides that are multiples of {factor}.')


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode='nearest')
