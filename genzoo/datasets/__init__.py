"""Data sets, samplers and the tools that prepare data; importing this registers them all."""
from . import transforms
from .base import ZooDataset, sample_rng
from .caption_image import CaptionImageDataset
from .collate import zoo_collate
from .repeated import RepeatedDataset
from .samplers import EpochShuffleSampler, SampleIndex
from .toy import CorrespondingFieldsDataset, ShapesCaptionDataset
from .vocabulary import Vocabulary, tokenise
from .workers import quiet_worker

__all__ = [
    'CaptionImageDataset', 'CorrespondingFieldsDataset', 'EpochShuffleSampler', 'RepeatedDataset', 'SampleIndex',
    'ShapesCaptionDataset', 'Vocabulary', 'ZooDataset', 'quiet_worker', 'sample_rng', 'tokenise', 'transforms',
    'zoo_collate'
]
