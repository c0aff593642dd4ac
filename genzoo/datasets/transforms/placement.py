"""Resizing, cropping and mirroring, alike for pictures that belong together."""
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from PIL import Image
from torch.nn.functional import interpolate

from ...errors import ConfigError, DataError
from ...registry import TRANSFORMS
from .image import short_side_size

Size = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """What becomes of the place of a pixel.

    Args:
        size: width and height to which the whole picture is resized.
        corner: left and top of the crop; None: no crop.
        crop: width and height of the crop.
        final: width and height to which the result is resized once more; None: not.
        flip: whether left and right are exchanged at last.
    """

    size: Size
    corner: Size | None = None
    crop: Size | None = None
    final: Size | None = None
    flip: bool = False

    def __call__(self, picture: Image.Image | np.ndarray) -> Any:
        """
        Args:
            picture: RGB (bicubic), a label map of mode L or I (nearest), or an array (S, H, W) float32 (bilinear).

        Returns:
            Of the same kind.
        """
        if isinstance(picture, np.ndarray):
            return self._place_array(picture)
        picture = _resized(picture, self.size)
        if self.corner is not None:
            (left, top), (width, height) = self.corner, self.crop
            picture = picture.crop((left, top, left + width, top + height))
        if self.final is not None:
            picture = _resized(picture, self.final)
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.flip else picture

    def _place_array(self, array: np.ndarray) -> np.ndarray:
        array = _resized_array(array, self.size)
        if self.corner is not None:
            (left, top), (width, height) = self.corner, self.crop
            array = array[:, top:top + height, left:left + width]
        if self.final is not None:
            array = _resized_array(array, self.final)
        return np.ascontiguousarray(array[:, :, ::-1] if self.flip else array)


def _resized(picture: Image.Image, size: Size) -> Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC if picture.mode == 'RGB' else Image.Resampling.NEAREST)


def _resized_array(array: np.ndarray, size: Size) -> np.ndarray:
    if array.shape[:0:-1] == size:
        return array
    return interpolate(torch.from_numpy(array)[None], size[::-1], mode='bilinear', antialias=True)[0].numpy()


def rounded_size(size: Size, multiple: int) -> Size:
    """Both sides rounded to multiples of a number, at least that number."""
    return tuple(max(round(side / multiple) * multiple, multiple) for side in size)


class PlacingTransform(BaseTransform):
    """Base of the two recipes below, which differ in what a mode makes of a picture's size.

    Args:
        groups: keys of results that are placed alike; the first of a group says the size. Each group is
            placed on its own.
        mode: how the size is made, one of :attr:`MODES`.
        load_size: pixels to which a mode resizes.
        crop_size: side of the square crop in pixels.
        flip_prob: how often left and right are exchanged.
        aspect_ratio: width over height, where a mode has use for it.

    Raises:
        ConfigError: another mode, a size below 1, a crop larger than what it is cut from, or a ratio that is none.
    """

    MODES: tuple[str, ...] = ()
    groups: Sequence[Sequence[str]] = ()

    def __init__(self, mode: str = 'resize_and_crop', load_size: int = 286, crop_size: int = 256,
                 flip_prob: float = 0.5, aspect_ratio: float = 1.0) -> None:
        if mode not in self.MODES:
            raise ConfigError(f'{type(self).__name__}: mode={mode!r}: must be one of {", ".join(self.MODES)}.')
        if min(load_size, crop_size) < 1:
            raise ConfigError(f'{type(self).__name__}: load_size={load_size}, crop_size={crop_size}: must be at '
                              'least 1.')
        if mode == 'resize_and_crop' and load_size < crop_size:
            raise ConfigError(f'{type(self).__name__}: load_size={load_size}, crop_size={crop_size}: the crop must not '
                              'be larger than the resized image.')
        if not aspect_ratio > 0:
            raise ConfigError(f'{type(self).__name__}: aspect_ratio={aspect_ratio}: must be width over height.')
        self.mode, self.load_size, self.crop_size, self.flip_prob = mode, load_size, crop_size, flip_prob
        self.aspect_ratio = aspect_ratio
        self._switch_epoch: int | None = None

    def switch_load_size_after(self, num_epochs: int) -> None:
        """From then on ``crop_size`` stands in place of ``load_size``.

        Args:
            num_epochs: after so many epochs; the epoch of a sample comes with its index
                (:class:`~genzoo.datasets.SampleIndex`), also to workers that run already.
        """
        self._switch_epoch = num_epochs

    def current_load_size(self, epoch: int) -> int:
        """The load size of samples of an epoch, counted from 0."""
        switched = self._switch_epoch is not None and epoch >= self._switch_epoch
        return self.crop_size if switched else self.load_size

    @abstractmethod
    def resized_size(self, size: Size, load_size: int) -> Size:
        """Width and height that the mode makes of those of a picture."""

    def final_size(self, size: Size) -> Size | None:
        """Width and height of the result for those after the crop; None: the same."""
        return None

    def placement(self, results: dict, key: str) -> Placement:
        """Draws where the pictures of a group go, from ``results['rng']``.

        Args:
            results: with the group's pictures.
            key: of the one that says the size.

        Raises:
            DataError: it is too small for the crop.
        """
        rng = results['rng']
        size = self.resized_size(results[key].size, self.current_load_size(results.get('epoch', 0)))
        corner = crop = None
        if 'crop' in self.mode:
            self._require_room(results, key, size)
            crop = (self.crop_size, self.crop_size)
            corner = tuple(int(rng.randint(side - self.crop_size + 1)) for side in size)
        flip = self.flip_prob > 0 and rng.random_sample() < self.flip_prob
        return Placement(size, corner, crop, self.final_size(crop or size), bool(flip))

    def _require_room(self, results: dict, key: str, size: Size) -> None:
        if min(size) < self.crop_size:
            width, height = results[key].size
            after = '' if size == (width, height) else f', {size[0]}x{size[1]} in mode {self.mode},'
            raise DataError(f'{results.get(f"{key}_path", key)}: {width}x{height} pixels{after} are too few for a crop '
                            f"of {self.crop_size}. Set a smaller crop_size, or mode='resize_and_crop'.")

    def transform(self, results: dict) -> dict:
        """Replaces the pictures of all groups; raises DataError as :meth:`placement` does."""
        for keys in self.groups:
            place = self.placement(results, keys[0])
            for key in keys:
                if results.get(key) is not None:
                    results[key] = place(results[key])
        return results


@TRANSFORMS.register_module()
class ResizeRandomCropFlip(PlacingTransform):
    """The transform of CUT, of ``img_a`` and ``img_b``, each with a crop and a flip of its own.

    ``resize_and_crop``: to ``load_size`` x ``load_size``, whatever the ratio, then the crop; with an ``aspect_ratio``
    (2 for gta2cityscapes, as released) the height is that much smaller, but at least ``crop_size``.
    ``scale_width``: the width to ``load_size``, the height in proportion, but at least ``crop_size``.
    ``scale_shortside``: enlarges pictures whose shorter side is below ``load_size``.
    ``none``: as they are. In all modes sides become multiples of 4 at last.

    Args:
        mode, load_size, crop_size, flip_prob: see :class:`PlacingTransform`.
        aspect_ratio: width over height in mode ``resize_and_crop``.
    """

    MODES = ('resize_and_crop', 'crop', 'scale_width', 'scale_width_and_crop', 'scale_shortside',
             'scale_shortside_and_crop', 'none')
    MULTIPLE = 4
    groups = (('img_a',), ('img_b',))

    def resized_size(self, size: Size, load_size: int) -> Size:
        """See the class."""
        width, height = size
        if self.mode.startswith('resize'):
            return load_size, max(round(load_size / self.aspect_ratio), self.crop_size)
        if self.mode.startswith('scale_width'):
            return load_size, int(max(load_size * height / width, self.crop_size))
        if self.mode.startswith('scale_shortside') and min(size) < load_size:
            return tuple(round(side * load_size / min(size)) for side in size)
        return size

    def final_size(self, size: Size) -> Size | None:
        """Multiples of 4."""
        return rounded_size(size, self.MULTIPLE)


@TRANSFORMS.register_module()
class PairedResizeRandomCropFlip(PlacingTransform):
    """The transform of SPADE, the same for ``img`` (bicubic), ``label``, ``glasses`` and ``instance`` (nearest).

    ``resize_and_crop``: to ``load_size`` x ``load_size``, whatever the ratio, then the crop.
    ``scale_width``: the width to ``load_size``, the height in proportion. ``scale_shortside``:
    likewise the shorter side. ``fixed``: width ``crop_size``, height ``crop_size / aspect_ratio``.
    ``none``: sides become multiples of 32.

    Args:
        mode, load_size, crop_size, flip_prob: see :class:`PlacingTransform`.
        aspect_ratio: width over height in mode ``fixed``.
    """

    MODES = ('resize_and_crop', 'crop', 'scale_width', 'scale_width_and_crop', 'scale_shortside',
             'scale_shortside_and_crop', 'fixed', 'none')
    MULTIPLE = 32
    groups = (('img', 'label', 'glasses', 'instance'),)

    def resized_size(self, size: Size, load_size: int) -> Size:
        """See the class."""
        width, height = size
        if self.mode.startswith('resize'):
            return load_size, load_size
        if self.mode.startswith('scale_width'):
            return load_size, int(load_size * height / width)
        if self.mode.startswith('scale_shortside'):
            return short_side_size(width, height, load_size)
        if self.mode == 'fixed':
            return self.crop_size, round(self.crop_size / self.aspect_ratio)
        return rounded_size(size, self.MULTIPLE) if self.mode == 'none' else size
