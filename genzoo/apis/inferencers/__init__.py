"""One inferencer a task; ``tools/infer.py`` makes a subcommand of each."""
from .base import Inferencer
from .find import find_inferencers
from .image_to_image import ImageTranslationInferencer, LabelToImageInferencer, MoNCEInferencer
from .text_to_image import TextToImageInferencer

__all__ = [
    'ImageTranslationInferencer', 'Inferencer', 'LabelToImageInferencer', 'MoNCEInferencer', 'TextToImageInferencer',
    'find_inferencers'
]
