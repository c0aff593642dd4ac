"""Label maps as pictures."""
import numpy as np
from torch import Tensor

from ..utils.label_maps import NUM_COLOURS, label_colours

UNKNOWN_COLOUR = (224, 224, 224)


def colourised(label: np.ndarray | Tensor) -> np.ndarray:
    """A map of class numbers in the colours of :func:`label_colours`; negative numbers are light grey.

    Args:
        label: (H, W) integers.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    label = label.detach().cpu().numpy() if isinstance(label, Tensor) else np.asarray(label)
    label = label.astype(np.int64)
    picture = label_colours(max(NUM_COLOURS, int(label.max(initial=0)) + 1))[np.maximum(label, 0)]
    picture[label < 0] = UNKNOWN_COLOUR
    return picture


def label_pictures(label: Tensor) -> list[np.ndarray]:
    """What an item's label looks like.

    Args:
        label: (L, H, W) integers, one class a pixel in each channel, or a dense label (S, H, W), float.

    Returns:
        (H, W, 3) uint8, RGB: each channel of class numbers in colours. Of a dense label the first three
        channels as red, green and blue, and the mean of the others in grey; of fewer channels each in grey.
    """
    if not label.is_floating_point():
        return [colourised(channel) for channel in label]
    channels = label.detach().float().cpu().numpy()
    if len(channels) < 3:
        return [_grey(channel) for channel in channels]
    others = [_grey(channels[3:].mean(0))] if len(channels) > 3 else []
    return [_stretched(channels[:3]).transpose(1, 2, 0), *others]


def _grey(channel: np.ndarray) -> np.ndarray:
    return np.repeat(_stretched(channel)[..., None], 3, axis=2)


def _stretched(values: np.ndarray) -> np.ndarray:
    """As bytes: [0, 1] to 0..255; what goes beyond is stretched from its least to its greatest value."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1.0)
    return ((values - low) / (high - low) * 255 + 0.5).astype(np.uint8)
