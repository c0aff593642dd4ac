"""Steps on the image, a PIL picture in ``results['img']``."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ...errors import ConfigError, DataError
from ...registry import TRANSFORMS
from ...utils import require_file

EXIF_ORIENTATION = 0x0112
# What turns a picture upright, by the orientation that its camera noted; 1 and others: nothing.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90}


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(EXIF_ORIENTATION))
    except Exception:  # broken EXIF data raise nearly anything; the picture itself is whole
        return None


def _as_rgb(image: Image.Image) -> Image.Image:
    """Of 16 bits a channel the upper 8: Pillow would take all above 255 for white."""
    if image.mode.startswith('I;16'):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert('RGB')


def load_image(path: str | Path, upright: bool = False) -> Image.Image:
    """Reads and decodes a picture, as RGB.

    Args:
        path: the file.
        upright: turns it as the camera noted in its EXIF data. Boxes that come with a data set
            count pixels as they are stored.

    Raises:
        DataError: it is missing, truncated or not a picture.
    """
    path = require_file(path, 'the image', 'Check the path.')
    try:
        with Image.open(path) as image:
            picture = _as_rgb(image)
            turn = _turn(image) if upright else None
            return picture if turn is None else picture.transpose(turn)
    except Exception as error:  # a broken picture raises nearly anything
        reason = str(error).split('\n')[0].replace(f"'{path}'", 'it')
        raise DataError(f'{path}: truncated or not an image ({reason}). Fetch it again, or set '
                        "on_error='skip' to go on without it.") from error


def bbox_crop_box(bbox: tuple[int, int, int, int], width: int, height: int,
                  ratio: float = 0.75) -> tuple[int, int, int, int]:
    """A square around a bounding box, cut at the image's border.

    Args:
        bbox: x, y, width, height in pixels.
        width: of the image.
        height: of the image.
        ratio: half the square's side over the longer side of the box.

    Returns:
        left, top, right, bottom in pixels, right and bottom exclusive.
    """
    x, y, box_width, box_height = bbox
    radius = int(ratio * max(box_width, box_height))
    centre_x, centre_y = int((2 * x + box_width) / 2), int((2 * y + box_height) / 2)
    return (max(0, centre_x - radius), max(0, centre_y - radius),
            min(width, centre_x + radius), min(height, centre_y + radius))


def short_side_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """(width, height) scaled so that the shorter is ``short_side``; the longer is truncated."""
    if width <= height:
        return short_side, int(short_side * height / width)
    return int(short_side * width / height), short_side


@TRANSFORMS.register_module()
class LoadTextImage(BaseTransform):
    """Reads ``img_path`` into ``img``; a missing or broken file raises DataError.

    Args:
        upright: see :func:`load_image`.
    """

    def __init__(self, upright: bool = False) -> None:
        self.upright = upright

    def transform(self, results: dict) -> dict:
        """Adds ``img``, a PIL picture, RGB."""
        results['img'] = load_image(results['img_path'], self.upright)
        return results


@TRANSFORMS.register_module()
class LoadImages(BaseTransform):
    """Reads ``<key>_path`` into ``<key>``, for several pictures; a missing or broken file raises DataError.

    Args:
        keys: of the pictures.
    """

    def __init__(self, keys: Sequence[str] = ('img',)) -> None:
        self.keys = tuple(keys)

    def transform(self, results: dict) -> dict:
        """Adds each key's PIL picture, RGB."""
        results.update({key: load_image(results[f'{key}_path']) for key in self.keys})
        return results


@TRANSFORMS.register_module()
class BBoxCrop(BaseTransform):
    """Crops to a square around ``bbox``, see :func:`bbox_crop_box`.

    Args:
        ratio: half the square's side over the longer side of the box.
    """

    def __init__(self, ratio: float = 0.75) -> None:
        self.ratio = ratio

    def transform(self, results: dict) -> dict:
        """Replaces ``img``.

        Raises:
            ConfigError: the data set gives no boxes.
            DataError: the box lies outside of the image or is empty.
        """
        if 'bbox' not in results:
            raise ConfigError('BBoxCrop in the pipeline: the data set gives no boxes. Set its bbox=True, '
                              'or take BBoxCrop out.')
        image = results['img']
        left, top, right, bottom = bbox_crop_box(results['bbox'], *image.size, self.ratio)
        if right <= left or bottom <= top:
            raise DataError(f'{results["img_path"]}: the bounding box {results["bbox"]} (x, y, width, '
                            f'height) does not fit an image of {image.width}x{image.height}.')
        results['img'] = image.crop((left, top, right, bottom))
        return results


@TRANSFORMS.register_module()
class ResizeShortSide(BaseTransform):
    """Scales so that the shorter side has ``size`` pixels; bilinear with antialiasing.

    Args:
        size: in pixels.
    """

    def __init__(self, size: int = 304) -> None:
        self.size = size

    def transform(self, results: dict) -> dict:
        """Replaces ``img``."""
        image = results['img']
        results['img'] = image.resize(short_side_size(*image.size, self.size), Image.Resampling.BILINEAR)
        return results


@TRANSFORMS.register_module()
class RandomCrop(BaseTransform):
    """Cuts out a square at a random place.

    Args:
        size: side of the square in pixels.
    """

    def __init__(self, size: int = 256) -> None:
        self.size = size

    def transform(self, results: dict) -> dict:
        """Replaces ``img``; raises DataError if it is smaller than the square."""
        image, rng = results['img'], results['rng']
        if min(image.size) < self.size:
            raise DataError(f'{results.get("img_path", "image")}: {image.width}x{image.height} pixels are '
                            f'too few for a crop of {self.size}. Put ResizeShortSide before RandomCrop.')
        left = rng.randint(image.width - self.size + 1)
        top = rng.randint(image.height - self.size + 1)
        results['img'] = image.crop((left, top, left + self.size, top + self.size))
        return results


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Mirrors left and right.

    Args:
        prob: how often.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Replaces ``img``, or not."""
        if results['rng'].random_sample() < self.prob:
            results['img'] = results['img'].transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return results


def to_array(image: Image.Image | np.ndarray) -> np.ndarray:
    """(3, H, W) uint8, contiguous and owned, of a picture (H, W, 3)."""
    return np.asarray(image, dtype=np.uint8).transpose(2, 0, 1).copy()
