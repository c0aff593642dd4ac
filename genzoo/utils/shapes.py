"""The toy task's words and colours, and a reader that needs no network.

Images show one coloured shape on a plain background; captions say so. The data set that
draws them is :mod:`genzoo.datasets.toy.shapes_caption`; this module is what a metric needs
to judge generated images against their captions.
"""
import itertools

import numpy as np

COLOURS = {
    'red': (.9, .1, .1), 'green': (.1, .8, .1), 'blue': (.15, .2, .95),
    'yellow': (.95, .9, .1), 'purple': (.6, .1, .7), 'cyan': (.1, .85, .9),
}
BACKGROUNDS = {'black': .05, 'white': .95, 'grey': .5}
SHAPES = ('circle', 'square', 'cross')
SIZES = {'small': 5, 'large': 9}
"""Radius in pixels of a 32-pixel image, before its jitter of -1, 0 or 1."""

BASE_SIZE = 32
SIZE_THRESHOLD = 14.5
"""Mean of height and width, in pixels of a 32-pixel image, above which a shape is large."""
FOREGROUND_THRESHOLD = .3

ATTRIBUTES = {'size': tuple(SIZES), 'colour': tuple(COLOURS), 'shape': SHAPES,
              'background': tuple(BACKGROUNDS)}

CAPTIONS = [f'a {size} {colour} {shape} on a {background} background'
            for size, colour, shape, background in itertools.product(*ATTRIBUTES.values())]
"""All 108 captions; a caption's id is its place here."""


def attributes_of(caption_id: int) -> dict[str, int]:
    """Size, colour, shape and background, as indices into :data:`ATTRIBUTES`, of ``CAPTIONS[caption_id]``."""
    lengths = [len(words) for words in ATTRIBUTES.values()]
    indices = np.unravel_index(caption_id, lengths)
    return {name: int(index) for name, index in zip(ATTRIBUTES, indices)}


def caption_attributes(caption: str) -> dict[str, int]:
    """What a caption says, as indices into :data:`ATTRIBUTES`; what it leaves unsaid is left out."""
    words = caption.lower().split()
    return {name: values.index(word) for name, values in ATTRIBUTES.items()
            for word in words if word in values}


def _unit_range(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f'images must be (N, 3, H, W), not {images.shape}')
    return images / np.float32(255) if images.dtype == np.uint8 else images.astype(np.float32)


def _border_median(images: np.ndarray) -> np.ndarray:
    """Median of the outermost pixels, (N, 3)."""
    border = np.ones(images.shape[2:], bool)
    border[1:-1, 1:-1] = False
    return np.median(images[:, :, border], axis=-1)


def _nearest(values: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Index of the nearest of ``references`` (K, 3) for each row of ``values`` (N, 3), shape (N,)."""
    return np.square(values[:, None] - references[None]).sum(-1).argmin(-1)


def _read_colour(image: np.ndarray, foreground: np.ndarray) -> int:
    if not foreground.any():
        return -1
    median = np.median(image[:, foreground], axis=-1)
    return int(_nearest(median[None], np.array(list(COLOURS.values())))[0])


def _read_size(foreground: np.ndarray) -> np.ndarray:
    """0 small, 1 large, -1 nothing there; lone pixels of a row or column do not count."""
    height = (foreground.sum(2) >= 2).sum(1)
    width = (foreground.sum(1) >= 2).sum(1)
    # What scales is the distance of the outermost pixels' centres, one less than their number.
    threshold = (SIZE_THRESHOLD - 1) * foreground.shape[1] / BASE_SIZE + 1
    size = ((height + width) / 2 > threshold).astype(np.int64)
    return np.where(foreground.any((1, 2)), size, -1)


def read_attributes(images: np.ndarray) -> dict[str, np.ndarray]:
    """Reads background, colour and size off images, without a network.

    The shape is not read: no simple rule does that reliably at 32 pixels.

    Args:
        images: (N, 3, H, W), RGB, uint8 or float in [0, 1].

    Returns:
        ``background``, ``colour`` and ``size``, each (N,) int, as indices into
        :data:`ATTRIBUTES`; colour and size are -1 where no shape is seen;
        ``foreground`` (N, H, W) bool, the pixels that differ from the background.
    """
    images = _unit_range(images)
    border = _border_median(images)
    greys = np.repeat(np.array(list(BACKGROUNDS.values()))[:, None], 3, axis=1)
    foreground = (np.abs(images - border[:, :, None, None]) > FOREGROUND_THRESHOLD).any(1)
    colour = [_read_colour(image, mask) for image, mask in zip(images, foreground)]
    return dict(background=_nearest(border, greys), colour=np.array(colour, dtype=np.int64),
                size=_read_size(foreground), foreground=foreground)
