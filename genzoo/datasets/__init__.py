"""Data sets, samplers and the tools that prepare data; importing this registers them all."""
from . import transforms
from .base import ZooDataset, sample_rng
from .caption_image import CaptionImageDataset
from .celebamask import CelebAMaskHQDataset
from .collate import zoo_collate
from .dense_label import DeepFashionPoseDataset, DenseLabelDataset
from .paired_label import LabelFolderDataset, PairedDataset, PairedLabelDataset
from .paired_layouts import ADE20KDataset, CityscapesLabelDataset, COCOStuffDataset, FacadesDataset
from .repeated import RepeatedDataset
from .samplers import EpochShuffleSampler, SampleIndex
from .toy import CorrespondingFieldsDataset, ShapesCaptionDataset, StripedLabelsDataset, UnpairedScenesDataset
from .unpaired_image import UnpairedImageDataset
from .vocabulary import Vocabulary, tokenise
from .workers import quiet_worker

__all__ = [
    'ADE20KDataset', 'COCOStuffDataset', 'CaptionImageDataset', 'CelebAMaskHQDataset', 'CityscapesLabelDataset',
    'CorrespondingFieldsDataset', 'DeepFashionPoseDataset', 'DenseLabelDataset', 'EpochShuffleSampler',
    'FacadesDataset', 'LabelFolderDataset', 'PairedDataset', 'PairedLabelDataset', 'RepeatedDataset', 'SampleIndex',
    'ShapesCaptionDataset', 'StripedLabelsDataset', 'UnpairedImageDataset', 'UnpairedScenesDataset', 'Vocabulary',
    'ZooDataset', 'quiet_worker', 'sample_rng', 'tokenise', 'transforms', 'zoo_collate'
]
