"""What a user calls from Python."""
from .config import check_config, load_config
from .inferencers import (
    ImageTranslationInferencer,
    Inferencer,
    LabelToImageInferencer,
    MoNCEInferencer,
    TextToImageInferencer,
)
from .model import init_model

__all__ = [
    'ImageTranslationInferencer', 'Inferencer', 'LabelToImageInferencer', 'MoNCEInferencer', 'TextToImageInferencer',
    'check_config', 'init_model', 'load_config'
]
