"""Colours of the toys of image translation, which the data sets draw with and the metrics judge by.

All in [-1, 1], RGB.
"""
import numpy as np

SCENE_A = dict(background=(-.6, -.5, .1), shape=(.7, .1, -.6))
"""Domain A of the unpaired toy."""
SCENE_B = dict(background=(-.8, .8, .8), shape=(.8, -.8, -.8))
"""Domain B of the unpaired toy.

Its colours are near the ends of tanh, which a generator reaches however large the shapes are. Its step from background
to shape has something of A's: where one is nearly the opposite of the other, a translator that keeps every shape in its
place swaps shape and background, because their colours are nearer that way.
"""

CLASS_COLOURS = ((-.7, -.5, .4), (.8, -.4, -.5), (-.4, .6, -.6), (.6, .7, .6))
"""Mean colour of each class of the paired toy."""


def to_bytes(images: np.ndarray) -> np.ndarray:
    """[-1, 1] to uint8, rounded; what lies outside is clipped."""
    return ((np.clip(images, -1, 1) + 1) * 127.5 + .5).astype(np.uint8)


def from_bytes(images: np.ndarray) -> np.ndarray:
    """uint8 to float32 in [-1, 1]."""
    return images.astype(np.float32) / 127.5 - 1


def nearest_colour(images: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Which colour each pixel is nearest to.

    Args:
        images: (N, 3, H, W) in [-1, 1].
        colours: (K, 3) in [-1, 1].

    Returns:
        (N, H, W) int64 in 0..K-1.
    """
    colours = np.asarray(colours, dtype=np.float32)
    return np.stack([np.square(images - colour[:, None, None]).sum(axis=1) for colour in colours]).argmin(axis=0)
