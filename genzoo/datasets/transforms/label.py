"""Label maps: files whose pixels are class numbers."""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ...errors import DataError
from ...registry import TRANSFORMS
from ...utils.label_maps import read_label
from .image import load_image

IGNORED = 255
"""What label files say where nobody knows the class."""


@dataclass(frozen=True)
class LabelRule:
    """Which numbers a label file may hold, and what they mean.

    Args:
        label_nc: number of classes, without the unknown one.
        has_unknown: whether class ``label_nc`` stands for unknown; it takes in 255.
        reduce_zero: whether files count classes from 1 and 0 is unknown: c becomes c - 1, 0 becomes ``label_nc``.
    """

    label_nc: int
    has_unknown: bool = False
    reduce_zero: bool = False

    @property
    def num_classes(self) -> int:
        """Channels of the one-hot map, S."""
        return self.label_nc + int(self.has_unknown)

    def __call__(self, label: np.ndarray, path: str | Path = 'label') -> np.ndarray:
        """
        Args:
            label: (H, W) integers, as in the file.
            path: of the file, for the message.

        Returns:
            (H, W) int32, in 0..S-1.

        Raises:
            DataError: a number is none of the allowed ones.
        """
        label = label.astype(np.int32)
        highest = self.label_nc if self.reduce_zero else self.num_classes - 1
        ignored = (label == IGNORED) & self.has_unknown
        wrong = ((label < 0) | (label > highest)) & ~ignored
        if wrong.any():
            row, column = (int(place) for place in np.argwhere(wrong)[0])
            unknown = f' or {IGNORED}' if self.has_unknown else ''
            raise DataError(f'{path}: its label {label[row, column]} (column {column}, row {row}) is out of range, '
                            f'must be 0..{highest}{unknown}. Mend the file, or set label_nc of a data set of your own.')
        if self.reduce_zero:
            label = np.where(label == 0, self.label_nc, label - 1)
        return np.where(ignored, self.label_nc, label)


def label_picture(label: np.ndarray) -> Image.Image:
    """(H, W) numbers as a picture that is resized without mixing: mode L where they fit, else I."""
    fits = label.min(initial=0) >= 0 and label.max(initial=0) <= IGNORED
    return Image.fromarray(label.astype(np.uint8 if fits else np.int32))


@TRANSFORMS.register_module()
class LoadLabel(BaseTransform):
    """Reads ``label_path`` by the ``label_rule`` that the data set gives, after ``img``.

    And ``instance_path``, where the data set gives it.
    """

    def transform(self, results: dict) -> dict:
        """Adds ``label``, a picture of class numbers, and perhaps ``instance``, one of numbers of objects.

        Raises:
            DataError: see :func:`read_label` and :class:`LabelRule`; or the sizes differ.
        """
        path = results['label_path']
        label = results['label_rule'](read_label(path), path)
        require_fitting(results, label.shape[::-1])
        results['label'] = label_picture(label)
        if 'instance_path' in results:
            instance = read_label(results['instance_path'], 'the instance map')
            require_fitting(results, instance.shape[::-1], 'instance_path')
            results['instance'] = label_picture(instance)
        return results


@TRANSFORMS.register_module()
class LoadGlasses(BaseTransform):
    """Reads the mask ``glasses_path``, after ``label``: into a channel of its own, or into a class of the label."""

    def transform(self, results: dict) -> dict:
        """Adds ``glasses``, a picture of 0 and 1, zeros without a file; with a ``glasses_class`` changes ``label``.

        Raises:
            DataError: the mask is broken or has another size than the label.
        """
        label = np.asarray(results['label'])
        mask = read_part_mask(Path(results['glasses_path']), label.shape, results['label_path'])
        if results['glasses_class'] is not None:
            results['label'] = label_picture(np.where(mask, results['glasses_class'], label))
        else:
            results['glasses'] = Image.fromarray(mask.astype(np.uint8))
        return results


def read_part_mask(path: Path | None, shape: tuple[int, int], label_path: str | Path) -> np.ndarray:
    """A mask that belongs to a label map.

    Args:
        path: of the mask; where there is no such file nothing is set.
        shape: height and width of the label map.
        label_path: of the label map, for the message.

    Returns:
        (H, W) bool.

    Raises:
        DataError: the mask is broken, or has another size than the label map.
    """
    if path is None or not path.is_file():
        return np.zeros(shape, dtype=bool)
    mask = read_mask(path)
    if mask.shape != shape:
        raise DataError(f'{path}: has {mask.shape[1]}x{mask.shape[0]} pixels, its label map {label_path} '
                        f'{shape[1]}x{shape[0]}. Fetch it again.')
    return mask


def read_mask(path: Path) -> np.ndarray:
    """(H, W) bool of a mask: where it is white, be it grey, of a palette or of colours.

    Raises:
        DataError: it is missing or broken.
    """
    return np.asarray(load_image(path))[..., 0] > 127


def require_fitting(results: dict, size: tuple[int, int], key: str = 'label_path') -> None:
    """
    Args:
        results: with ``img``, both paths and ``scale_may_differ``: whether the label may be smaller or
            larger than the image, with the same ratio.
        size: width and height of the label.
        key: of its path.

    Raises:
        DataError: they do not fit those of the image.
    """
    (width, height), (label_width, label_height) = results['img'].size, size
    same_ratio = width * label_height == height * label_width
    if size != (width, height) and not (same_ratio and results.get('scale_may_differ')):
        raise DataError(f'{results[key]}: has {label_width}x{label_height} pixels, its image '
                        f'{results["img_path"]} {width}x{height}. Both must show the same; mend or remove the pair.')
