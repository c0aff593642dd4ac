"""Procedural data, made in memory."""
from .corresponding_fields import CorrespondingFieldsDataset
from .procedural import ProceduralDataset
from .shapes_caption import ShapesCaptionDataset
from .striped_labels import StripedLabelsDataset
from .unpaired_scenes import UnpairedScenesDataset

__all__ = [
    'CorrespondingFieldsDataset', 'ProceduralDataset', 'ShapesCaptionDataset', 'StripedLabelsDataset',
    'UnpairedScenesDataset'
]
