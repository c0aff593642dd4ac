"""Pipeline steps; importing this registers them all."""
from .caption import PadOrSubsampleCaption, SampleCaption, TokenizeCaption, pad_or_subsample
from .dense_label import LoadDenseLabel, LoadPose, read_pose, render_pose
from .image import (
    BBoxCrop,
    LoadImages,
    LoadTextImage,
    RandomCrop,
    RandomFlip,
    ResizeShortSide,
    bbox_crop_box,
    load_image,
    short_side_size,
)
from .label import LabelRule, LoadGlasses, LoadLabel, read_label
from .pack import PackLabelledImage, PackTextImage, PackUnpairedImages
from .placement import PairedResizeRandomCropFlip, Placement, PlacingTransform, ResizeRandomCropFlip

__all__ = [
    'BBoxCrop', 'LabelRule', 'LoadDenseLabel', 'LoadGlasses', 'LoadImages', 'LoadLabel', 'LoadPose',
    'LoadTextImage', 'PackLabelledImage', 'PackTextImage', 'PackUnpairedImages', 'PadOrSubsampleCaption',
    'PairedResizeRandomCropFlip', 'Placement', 'PlacingTransform', 'RandomCrop', 'RandomFlip', 'ResizeRandomCropFlip',
    'ResizeShortSide', 'SampleCaption', 'TokenizeCaption', 'bbox_crop_box', 'load_image', 'pad_or_subsample',
    'read_label', 'read_pose', 'render_pose', 'short_side_size'
]
