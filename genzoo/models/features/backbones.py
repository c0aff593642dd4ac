"""torchvision's plain convolution stacks (VGG, AlexNet) as frozen sequences with taps."""
from collections.abc import Sequence
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from .frozen import fill_randomly
from .weights import build_and_fill, feature_weights_path, load_feature_weights


def _features(name: str) -> nn.Sequential:
    return getattr(torchvision.models, name)(weights=None).features


def load_backbone(name: str, path: str | Path | None, length: int) -> nn.Sequential:
    """The first ``length`` layers of ``features`` of a torchvision network.

    Args:
        name: ``'vgg16'``, ``'vgg19'`` or ``'alexnet'``.
        path: torchvision's state dict; by default torch hub's cache; ``'random'`` for fixed random weights.
        length: number of layers to keep.

    Raises:
        WeightsError: the file is missing, broken or belongs to another network.
    """
    if path == 'random':
        with torch.device('meta'):
            layers = _features(name)[:length]
        return _out_of_place(fill_randomly(layers.to_empty(device='cpu')))
    file = feature_weights_path(name, path)
    prefix = 'features.'
    state = {key.removeprefix(prefix): value for key, value in load_feature_weights(name, path).items()
             if key.startswith(prefix)}
    layers = build_and_fill(lambda: _features(name), state, file,
                            f'Expected the state dict of torchvision\'s {name}.')[:length]
    return _out_of_place(layers)


def _out_of_place(layers: nn.Sequential) -> nn.Sequential:
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            # In place it would overwrite the tapped output of the convolution before it.
            layer.inplace = False
    return layers


def run_to_taps(layers: nn.Sequential, images: Tensor, taps: Sequence[int]) -> list[Tensor]:
    """The outputs of the layers with the indices ``taps``, in the order of ``taps``."""
    outputs = {}
    for index, layer in enumerate(layers):
        images = layer(images)
        if index in taps:
            outputs[index] = images
    return [outputs[index] for index in taps]
