"""Label maps: in picture files, and as colours."""
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import DataError
from .files import require_file

NUM_COLOURS = 256
INDEX_MODES = ('1', 'L', 'P', 'I', 'I;16')
"""PIL's modes with one number a pixel; of a palette (P) that is the index, whatever the colours."""


def read_label(path: str | Path, what: str = 'the label map') -> np.ndarray:
    """Reads a label file as numbers, not as colours.

    Args:
        path: of a picture with one number a pixel: grey of 8 or 16 bits, or a palette.
        what: it is, for messages.

    Returns:
        (H, W) int32.

    Raises:
        DataError: it is missing, broken, a JPEG, or has colours.
    """
    path = require_file(path, what, 'Check the path.')
    try:
        with Image.open(path) as image:
            mode, kind, label = image.mode, image.format, np.asarray(image)
    except Exception as error:  # a broken picture raises nearly anything
        reason = str(error).split('\n')[0].replace(f"'{path}'", 'it')
        raise DataError(f'{path}: truncated or not an image ({reason}). Fetch it again, or set '
                        "on_error='skip' to go on without it.") from error
    if mode not in INDEX_MODES:
        raise DataError(f'{path}: has colours (mode {mode}), but {what} needs one number a pixel. Convert it to a grey '
                        'or palette PNG of numbers; if it is a picture, swap image and label paths.')
    if kind == 'JPEG':
        raise DataError(f'{path}: is a JPEG, which changes numbers as it stores them. Make {what} anew as a PNG.')
    return label.astype(np.int32)


def label_colours(count: int = NUM_COLOURS) -> np.ndarray:
    """A colour for each class, that of PASCAL VOC: near numbers get colours far apart, 0 is black.

    Bit b of R, G and B, from the highest downwards, is bit 3b, 3b + 1 and 3b + 2 of the number.

    Args:
        count: number of classes, at most 2^24.

    Returns:
        (count, 3) uint8, RGB.
    """
    numbers = np.arange(count)[:, None]
    channels = np.arange(3)
    colours = sum(((numbers >> (3 * bit + channels)) & 1) << (7 - bit) for bit in range(8))
    return colours.astype(np.uint8)


def colour_labels(label: np.ndarray) -> np.ndarray:
    """A label map as a picture.

    Args:
        label: (L, H, W): integers, of which the first channel is shown, or dense (float) maps, of
            which each pixel shows the greatest.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    classes = label.argmax(axis=0) if np.issubdtype(label.dtype, np.floating) else label[0]
    return label_colours(int(classes.max()) + 1)[classes]
