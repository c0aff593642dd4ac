"""Pictures of what models make."""
from .image_grid import image_grid, mask_to_image, sample_sheet, save_image, to_picture
from .sheet import SampleSheet
from .trackers import MLflowVisBackend, WandbVisBackend

__all__ = [
    'MLflowVisBackend', 'SampleSheet', 'WandbVisBackend', 'image_grid', 'mask_to_image', 'sample_sheet', 'save_image',
    'to_picture'
]
