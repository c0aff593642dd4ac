"""Pipeline steps; importing this registers them all."""
from .caption import PadOrSubsampleCaption, SampleCaption, TokenizeCaption, pad_or_subsample
from .image import (
    BBoxCrop,
    LoadTextImage,
    RandomCrop,
    RandomFlip,
    ResizeShortSide,
    bbox_crop_box,
    load_image,
    short_side_size,
)
from .pack import PackTextImage

__all__ = [
    'BBoxCrop', 'LoadTextImage', 'PackTextImage', 'PadOrSubsampleCaption', 'RandomCrop', 'RandomFlip',
    'ResizeShortSide', 'SampleCaption', 'TokenizeCaption', 'bbox_crop_box', 'load_image',
    'pad_or_subsample', 'short_side_size'
]
