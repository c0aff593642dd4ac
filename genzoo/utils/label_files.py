"""Label maps in picture files."""
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import DataError
from .files import require_file


def read_label_map(path: str | Path, what: str = 'the label map') -> np.ndarray:
    """Reads a label map: grey values, or the indices of a palette.

    Args:
        path: the file, e.g. a PNG of 8 or 16 bits.
        what: it is, for the error.

    Returns:
        (H, W) int64.

    Raises:
        DataError: it is missing, broken or has several channels.
    """
    path = require_file(path, what, 'Check the path.')
    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except Exception as error:  # a broken picture raises nearly anything
        reason = str(error).split('\n')[0].replace(f"'{path}'", 'it')
        raise DataError(f'{path}: truncated or not an image ({reason}). Make {what} again.') from error
    if values.ndim != 2:
        raise DataError(f'{path}: a picture of {values.shape[2]} channels, but {what} has one, a class a pixel. '
                        'Convert its colours to class numbers.')
    return values.astype(np.int64)
