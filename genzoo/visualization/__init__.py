"""Pictures of what models make."""
from .image_grid import image_grid, mask_to_image, sample_sheet, save_image, to_picture
from .sheet import SampleSheet

__all__ = ['SampleSheet', 'image_grid', 'mask_to_image', 'sample_sheet', 'save_image', 'to_picture']
