"""Inception-v3: torchvision's, and the port of the graph behind published FID and IS numbers."""
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.inception import Inception3, InceptionA, InceptionC, InceptionE

from ...errors import ConfigError
from ...registry import MODELS
from .frozen import FrozenFeatures
from .weights import build_and_fill, feature_weights_path, load_feature_weights

TRUNK = ('Conv2d_1a_3x3', 'Conv2d_2a_3x3', 'Conv2d_2b_3x3', 'maxpool1', 'Conv2d_3b_1x1', 'Conv2d_4a_3x3',
         'maxpool2', 'Mixed_5b', 'Mixed_5c', 'Mixed_5d', 'Mixed_6a', 'Mixed_6b', 'Mixed_6c', 'Mixed_6d',
         'Mixed_6e', 'Mixed_7a', 'Mixed_7b', 'Mixed_7c', 'avgpool')
"""The layers before the classifier, in their order."""

# TensorFlow's average pooling does not count the padding; torchvision's does.
_average_inside = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_maximum = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)


class FIDInceptionA(InceptionA):
    """Mixed_5b to 5d of the 2015 graph."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 224 + pool features, H, W)."""
        narrow = self.branch1x1(x)
        wide = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([narrow, wide, double, self.branch_pool(_average_inside(x))], dim=1)


class FIDInceptionC(InceptionC):
    """Mixed_6b to 6e of the 2015 graph."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, 768, H, W) to (N, 768, H, W)."""
        narrow = self.branch1x1(x)
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([narrow, single, double, self.branch_pool(_average_inside(x))], dim=1)


class FIDInceptionE(InceptionE):
    """Mixed_7b of the 2015 graph."""

    pool = staticmethod(_average_inside)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 2048, H, W)."""
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat([
            self.branch1x1(x),
            self.branch3x3_2a(single), self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double),
            self.branch_pool(self.pool(x)),
        ], dim=1)


class FIDInceptionEMax(FIDInceptionE):
    """Mixed_7c of the 2015 graph, which takes the maximum where its twin takes the average."""

    pool = staticmethod(_maximum)


def torchvision_inception(num_classes: int = 1000) -> Inception3:
    """torchvision's Inception-v3 without the auxiliary head, uninitialised."""
    return Inception3(num_classes=num_classes, aux_logits=False, transform_input=False, init_weights=False)


def fid_inception() -> Inception3:
    """The network of the TensorFlow graph of 2015-12-05 under torchvision's names, uninitialised."""
    net = torchvision_inception(num_classes=1008)
    net.Mixed_5b = FIDInceptionA(192, pool_features=32)
    net.Mixed_5c = FIDInceptionA(256, pool_features=64)
    net.Mixed_5d = FIDInceptionA(288, pool_features=64)
    net.Mixed_6b = FIDInceptionC(768, channels_7x7=128)
    net.Mixed_6c = FIDInceptionC(768, channels_7x7=160)
    net.Mixed_6d = FIDInceptionC(768, channels_7x7=160)
    net.Mixed_6e = FIDInceptionC(768, channels_7x7=192)
    net.Mixed_7b = FIDInceptionE(1280)
    net.Mixed_7c = FIDInceptionEMax(2048)
    return net


@MODELS.register_module()
class InceptionV3Features(FrozenFeatures):
    """Pooled features and class logits of a frozen Inception-v3.

    Two forms, whose numbers are not comparable with each other:

    * ``'fid'``: the PyTorch port of the TensorFlow graph of 2015-12-05, behind published FID and
      Inception Scores: 1008 classes, bilinear resize to 299 without antialiasing and with
      half-pixel centres. (The graph itself resizes without half-pixel centres and divides by
      128 instead of 127.5: numbers agree with TensorFlow's to the first decimals only.)
    * ``'torchvision'``: torchvision's ImageNet weights: 1000 classes, antialiased bilinear
      resize. torchvision standardises by ImageNet's mean and deviation, and its Inception-v3
      then maps that back to [-1, 1]; both steps together are the identity and left out.

    Args:
        weights: ``'fid'`` or ``'torchvision'``.
        path: the published state dict; by default torch hub's cache.

    Raises:
        ConfigError: ``weights`` is neither.
        WeightsError: the file is missing, broken or belongs to another network.
    """

    def __init__(self, weights: str = 'fid', path: str | Path | None = None) -> None:
        super().__init__()
        if weights not in ('fid', 'torchvision'):
            raise ConfigError(f'InceptionV3Features: weights={weights!r} is unknown. '
                              "Allowed: 'fid', 'torchvision'.")
        name = {'fid': 'inception_v3_fid', 'torchvision': 'inception_v3'}[weights]
        file = feature_weights_path(name, path)
        state = {key: value for key, value in load_feature_weights(name, path).items()
                 if not key.startswith('AuxLogits.')}
        self.antialias = weights == 'torchvision'
        self.net = build_and_fill(torchvision_inception if self.antialias else fid_inception, state, file,
                                  f'weights={weights!r} needs that form of Inception-v3.')
        self.description = (f'Inception-v3 ({weights}) {file.name}, bilinear resize to 299x299 '
                            f'{"with" if self.antialias else "without"} antialiasing')
        self.freeze()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            ``pool3`` (N, 2048); ``logits_unbiased`` (N, classes), which is ``pool3`` times the
            classifier's weight alone, as Inception Scores of the graph are taken; ``logits``.
        """
        x = F.interpolate(images, size=(299, 299), mode='bilinear', align_corners=False,
                          antialias=self.antialias)
        for name in TRUNK:
            x = self.net.get_submodule(name)(x)
        pool3 = x.flatten(1)
        unbiased = F.linear(pool3, self.net.fc.weight)
        return dict(pool3=pool3, logits_unbiased=unbiased, logits=unbiased + self.net.fc.bias)
