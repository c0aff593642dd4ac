"""Procedural data, made in memory."""
from .corresponding_fields import CorrespondingFieldsDataset
from .procedural import ProceduralDataset
from .shapes_caption import ShapesCaptionDataset

__all__ = ['CorrespondingFieldsDataset', 'ProceduralDataset', 'ShapesCaptionDataset']
