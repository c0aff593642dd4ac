"""Frozen networks that losses and metrics look through.

Their weights come from an explicit ``path`` or from torch hub's cache of checkpoints; nothing
is ever downloaded. A network for FID and Inception Score takes images in [-1, 1] and returns a
dict of ``pool3``, ``logits_unbiased`` and ``logits``; anything registered in ``MODELS`` that
does so can stand in for :class:`InceptionV3Features`.
"""
from .frozen import IMAGENET_MEAN, IMAGENET_STD, FrozenFeatures, ImageNetNormalize
from .hooked import HookedFeatures
from .inception import TRUNK, InceptionV3Features
from .lpips import LPIPS
from .random_stack import RandomConvFeatures
from .stub import StubFeatures
from .vgg import VGG16Embedding, VGGFeatures, vgg_layer_names
from .weights import FEATURE_WEIGHTS, feature_weights_path, load_feature_weights

__all__ = [
    'FEATURE_WEIGHTS', 'IMAGENET_MEAN', 'IMAGENET_STD', 'LPIPS', 'TRUNK', 'FrozenFeatures', 'HookedFeatures',
    'ImageNetNormalize', 'InceptionV3Features', 'RandomConvFeatures', 'StubFeatures', 'VGG16Embedding', 'VGGFeatures',
    'feature_weights_path', 'load_feature_weights', 'vgg_layer_names'
]
