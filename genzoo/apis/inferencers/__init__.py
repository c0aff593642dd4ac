"""One inferencer a task; ``tools/infer.py`` makes a subcommand of each."""
from .base import Inferencer
from .find import find_inferencers
from .text_to_image import TextToImageInferencer

__all__ = ['Inferencer', 'TextToImageInferencer', 'find_inferencers']
