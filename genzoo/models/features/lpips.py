"""LPIPS: the learned perceptual distance of two images."""
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import ConfigError, WeightsError
from ...registry import MODELS
from ...utils import open_checkpoint, require_file
from .backbones import load_backbone, run_to_taps
from .frozen import FrozenFeatures, ImageNetNormalize

# Indices of torchvision's `features` behind the last ReLU of each stage.
_TAPS = {'alex': (1, 4, 7, 9, 11), 'vgg': (3, 8, 15, 22, 29)}
_BACKBONES = {'alex': 'alexnet', 'vgg': 'vgg16'}


def _load_heads(net: str) -> list[Tensor]:
    """The published linear heads (version 0.1), one (C,) a stage, from the package ``lpips``."""
    package = find_spec('lpips')
    if package is None:
        raise WeightsError('lpips: the Python package is not installed; it holds the linear heads of LPIPS. '
                           'Run `pip install lpips`.')
    file = require_file(Path(package.origin).parent / 'weights' / 'v0.1' / f'{net}.pth',
                        'the file of LPIPS heads', 'Reinstall the Python package lpips.', WeightsError)
    state = open_checkpoint(file)
    return [state[f'lin{stage}.model.1.weight'].flatten() for stage in range(len(_TAPS[net]))]


@MODELS.register_module()
class LPIPS(FrozenFeatures):
    """Learned perceptual image patch similarity, version 0.1 (Zhang et al., CVPR 2018).

    Args:
        net: ``'alex'`` or ``'vgg'`` (VGG-16).
        path: torchvision's state dict of that network; by default torch hub's cache. The
            linear heads come with the Python package ``lpips``.

    Raises:
        ConfigError: ``net`` is neither.
        WeightsError: a file is missing, broken or belongs to another network.
    """

    def __init__(self, net: str = 'alex', path: str | Path | None = None) -> None:
        super().__init__()
        if net not in _TAPS:
            raise ConfigError(f"LPIPS: net={net!r} is unknown. Allowed: 'alex', 'vgg'.")
        self.taps = _TAPS[net]
        self.normalize = ImageNetNormalize()
        self.features = load_backbone(_BACKBONES[net], path, self.taps[-1] + 1)
        self.heads = nn.ParameterList(_load_heads(net))
        self.description = f'LPIPS 0.1 ({net}), no resize'
        self.freeze()

    def embed(self, images: Tensor) -> list[Tensor]:
        """Feature maps of unit length in each pixel.

        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            One (N, C, h, w) a stage.
        """
        maps = run_to_taps(self.features, self.normalize(images), self.taps)
        # vector_norm, because the gradient of sqrt(sum of squares) is NaN where all channels are 0.
        return [m / (torch.linalg.vector_norm(m, dim=1, keepdim=True) + 1e-10) for m in maps]

    def compare(self, first: list[Tensor], second: list[Tensor]) -> Tensor:
        """Distances (N,) of images that :meth:`embed` has seen."""
        stages = [torch.einsum('nchw,c->nhw', (a - b).square(), head).mean(dim=(1, 2))
                  for a, b, head in zip(first, second, self.heads)]
        return torch.stack(stages).sum(dim=0)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """
        Args:
            first: (N, 3, H, W), RGB, in [-1, 1].
            second: like ``first``.

        Returns:
            Distances (N,), 0 for equal images.
        """
        return self.compare(self.embed(first), self.embed(second))
