"""A small stack of convolutions with fixed random weights, for losses of toy runs."""
from collections.abc import Sequence

from torch import Tensor, nn

from ...registry import MODELS
from .backbones import run_to_taps
from .frozen import FrozenFeatures, fill_randomly


@MODELS.register_module()
class RandomConvFeatures(FrozenFeatures):
    """Feature maps of 3 x 3 convolutions with ReLU, weights drawn once (He et al., 2015).

    Args:
        channels: of each level.
        strides: of each level.
        seed: of the weights.
    """

    def __init__(self, channels: Sequence[int] = (32, 32, 64, 64, 64), strides: Sequence[int] = (1, 2, 1, 2, 1),
                 seed: int = 0) -> None:
        super().__init__()
        layers = []
        for before, after, stride in zip((3, *channels), channels, strides):
            layers += [nn.utils.skip_init(nn.Conv2d, before, after, 3, stride, 1), nn.ReLU()]
        self.layers = fill_randomly(nn.Sequential(*layers), seed)
        self.description = f'RandomConvFeatures {tuple(channels)} (seed {seed}), no resize'
        self.freeze()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            ``level0``, ``level1``, ...: (N, C, h, w).
        """
        taps = range(1, len(self.layers), 2)
        return {f'level{number}': maps for number, maps in enumerate(run_to_taps(self.layers, images, taps))}
