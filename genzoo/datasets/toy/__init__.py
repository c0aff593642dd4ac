"""Procedural data, made in memory."""
from .shapes_caption import ShapesCaptionDataset

__all__ = ['ShapesCaptionDataset']
