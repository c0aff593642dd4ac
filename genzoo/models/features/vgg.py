"""VGG-16 and VGG-19 feature maps by layer."""
from collections.abc import Sequence
from pathlib import Path

import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS
from .backbones import load_backbone, run_to_taps
from .frozen import FrozenFeatures, ImageNetNormalize
from .weights import build_and_fill, feature_weights_path, load_feature_weights

_CONVOLUTIONS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg_layer_names(depth: int) -> list[str]:
    """Names of torchvision's ``features`` in order: conv1_1, relu1_1, ... pool5.

    Args:
        depth: 16 or 19.
    """
    names = []
    for block, count in enumerate(_CONVOLUTIONS[depth], start=1):
        for number in range(1, count + 1):
            names += [f'conv{block}_{number}', f'relu{block}_{number}']
        names.append(f'pool{block}')
    return names


@MODELS.register_module()
class VGGFeatures(FrozenFeatures):
    """Feature maps of a frozen ImageNet VGG.

    Args:
        layers: names (``'relu1_1'``, ``'conv4_2'``, ``'pool5'``) or indices of torchvision's ``features``.
        depth: 16 or 19.
        normalize: standardise by ImageNet's mean and deviation, as the network was trained;
            some papers pass images in [-1, 1] as they are.
        path: torchvision's state dict; by default torch hub's cache; ``'random'`` for fixed random weights,
            for tests and toy runs.

    Raises:
        ConfigError: the depth or a layer does not exist.
        WeightsError: the file is missing, broken or belongs to another network.
    """

    def __init__(self, layers: Sequence[str | int], depth: int = 19, normalize: bool = True,
                 path: str | Path | None = None) -> None:
        super().__init__()
        if depth not in _CONVOLUTIONS:
            raise ConfigError(f'VGGFeatures: depth={depth} is not offered. Allowed: 16, 19.')
        self.layers = tuple(layers)
        self.taps = [self._index(layer, vgg_layer_names(depth)) for layer in self.layers]
        self.normalize = ImageNetNormalize() if normalize else None
        self.features = load_backbone(f'vgg{depth}', path, max(self.taps) + 1)
        self.description = f'VGG-{depth}, layers {", ".join(map(str, self.layers))}, no resize'
        self.freeze()

    @staticmethod
    def _index(layer: str | int, names: list[str]) -> int:
        if layer in names:
            return names.index(layer)
        if isinstance(layer, int) and 0 <= layer < len(names):
            return layer
        raise ConfigError(f'VGGFeatures: layer {layer!r} does not exist. '
                          f'Allowed: 0 to {len(names) - 1}, or {", ".join(names)}.')

    def forward(self, images: Tensor) -> dict[str | int, Tensor]:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            One feature map (N, C, h, w) a layer, under the layer's name as given.
        """
        if self.normalize is not None:
            images = self.normalize(images)
        return dict(zip(self.layers, run_to_taps(self.features, images, self.taps)))


def _vgg16() -> nn.Module:
    return torchvision.models.vgg16(weights=None, init_weights=False)


@MODELS.register_module()
class VGG16Embedding(FrozenFeatures):
    """The second fully connected layer of torchvision's VGG-16, for improved precision and recall.

    Published numbers rest on another conversion of VGG-16, which is distributed as a program
    (TorchScript) and therefore not opened: compare numbers of this network with each other only.

    Args:
        path: torchvision's state dict; by default torch hub's cache.

    Raises:
        WeightsError: the file is missing, broken or belongs to another network.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__()
        file = feature_weights_path('vgg16', path)
        net = build_and_fill(_vgg16, load_feature_weights('vgg16', path), file,
                             "Expected the state dict of torchvision's vgg16.")
        self.normalize = ImageNetNormalize()
        self.features, self.avgpool = net.features, net.avgpool
        self.classifier = net.classifier[:5]
        self.description = f'VGG-16 {file.name}, antialiased bilinear resize to 224x224'
        self.freeze()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            ``fc2`` (N, 4096), after its ReLU.
        """
        x = F.interpolate(images, size=(224, 224), mode='bilinear', align_corners=False, antialias=True)
        x = self.avgpool(self.features(self.normalize(x)))
        return dict(fc2=self.classifier(x.flatten(1)))
