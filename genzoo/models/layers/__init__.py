"""Blocks that two papers share."""
from .blur import BlurDownsample, BlurUpsample
from .initialization import xavier_normal_init
from .recompute import keep_running_statistics, recomputed

__all__ = ['BlurDownsample', 'BlurUpsample', 'keep_running_statistics', 'recomputed', 'xavier_normal_init']
