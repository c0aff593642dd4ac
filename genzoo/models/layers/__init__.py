"""Blocks that two papers share."""
from .recompute import keep_running_statistics, recomputed

__all__ = ['keep_running_statistics', 'recomputed']
