"""Blocks that two papers share."""
from .blur import BlurDownsample, BlurUpsample
from .initialization import xavier_normal_init
from .instance_norm import InstanceNorm2d
from .recompute import keep_running_statistics, recomputed
from .spade import LabelPyramid, SPADENorm, SPADEResBlock, spectral_norm

__all__ = [
    'BlurDownsample', 'BlurUpsample', 'InstanceNorm2d', 'LabelPyramid', 'SPADENorm', 'SPADEResBlock',
    'keep_running_statistics', 'recomputed', 'spectral_norm', 'xavier_normal_init'
]
