"""Data sets, samplers and the tools that prepare data; importing this registers them all."""
from . import transforms
from .base import ZooDataset, sample_rng
from .caption_image import CaptionImageDataset
from .collate import zoo_collate
from .repeated import RepeatedDataset
from .samplers import EpochShuffleSampler, SampleIndex
from .toy import ShapesCaptionDataset, StripedLabelsDataset, UnpairedScenesDataset
from .unpaired_image import UnpairedImageDataset
from .vocabulary import Vocabulary, tokenise
from .workers import quiet_worker

__all__ = [
    'CaptionImageDataset', 'EpochShuffleSampler', 'RepeatedDataset', 'SampleIndex', 'ShapesCaptionDataset',
    'StripedLabelsDataset', 'UnpairedImageDataset', 'UnpairedScenesDataset', 'Vocabulary', 'ZooDataset',
    'quiet_worker', 'sample_rng', 'tokenise', 'transforms', 'zoo_collate'
]
