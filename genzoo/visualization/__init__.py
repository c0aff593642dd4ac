"""Pictures of what models make."""
from .image_grid import image_grid, mask_to_image, sample_sheet, save_image, to_picture
from .labels import colourised, label_colours, label_pictures
from .sheet import SampleSheet
from .trackers import MLflowVisBackend, WandbVisBackend

__all__ = [
    'MLflowVisBackend', 'SampleSheet', 'WandbVisBackend', 'colourised', 'image_grid', 'label_colours', 'label_pictures',
    'mask_to_image', 'sample_sheet', 'save_image', 'to_picture'
]
