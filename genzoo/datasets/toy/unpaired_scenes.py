"""The unpaired toy of image translation: scenes of shapes in two colourings."""
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from ...registry import DATASETS
from ...structures import DataSample
from ...utils.translation_toys import SCENE_A, SCENE_B, to_bytes
from ..transforms.image import to_array
from .procedural import ProceduralDataset

KINDS = ('disc', 'square', 'triangle')


def scene_shape(kind: str, radius: float, centre: Sequence[float], size: int) -> np.ndarray:
    """Pixels of one shape with hard edges.

    Args:
        kind: disc (of this radius), square (half-side 0.88 r) or triangle (upright, of height and base 2 r).
        radius: r, in pixels.
        centre: x and y in pixels; the triangle's is half-way up.
        size: of the image, in pixels.

    Returns:
        (size, size) bool, row y, column x.
    """
    x = (np.arange(size) - centre[0])[None, :]
    y = (np.arange(size) - centre[1])[:, None]
    if kind == 'disc':
        return x ** 2 + y ** 2 <= radius ** 2
    if kind == 'square':
        return np.maximum(np.abs(x), np.abs(y)) <= 0.88 * radius
    return (np.abs(y) <= radius) & (2 * np.abs(x) <= y + radius)


def draw_mask(rng: np.random.RandomState, size: int, num_shapes: Sequence[int], radius: Sequence[int]) -> np.ndarray:
    """Where the shapes of a random scene are; they lie within the image and may overlap.

    Args:
        rng: is drawn from.
        size: of the image, in pixels.
        num_shapes: least and greatest number of shapes.
        radius: least and greatest radius, in pixels.

    Returns:
        (size, size) bool.
    """
    mask = np.zeros((size, size), bool)
    for _ in range(rng.randint(num_shapes[0], num_shapes[1] + 1)):
        r = rng.randint(radius[0], radius[1] + 1)
        mask |= scene_shape(KINDS[rng.randint(len(KINDS))], r, rng.randint(r, size - r, size=2), size)
    return mask


def colour_mask(mask: np.ndarray, colours: Mapping[str, Sequence[float]], noise: float,
                rng: np.random.RandomState) -> np.ndarray:
    """A scene in a domain's colours.

    Args:
        mask: (H, W) bool, where the shapes are.
        colours: ``background`` and ``shape``, RGB in [-1, 1].
        noise: standard deviation of the normal noise on each value, in units of [-1, 1].
        rng: is drawn from.

    Returns:
        (H, W, 3) uint8.
    """
    clean = np.where(mask[..., None], colours['shape'], colours['background'])
    return to_bytes(clean + noise * rng.standard_normal(clean.shape))


def pack_scenes(results: dict) -> dict:
    """``inputs`` (``img_a`` and ``img_b``, uint8 (3, H, W)) and ``data_samples`` with ``key`` and ``mask``."""
    inputs = {name: torch.from_numpy(to_array(results[name])) for name in ('img_a', 'img_b')}
    return dict(inputs=inputs, data_samples=DataSample(key=results['key'], mask=torch.from_numpy(results['mask'])))


@DATASETS.register_module()
class UnpairedScenesDataset(ProceduralDataset):
    """Blue scenes with orange shapes (A) and, drawn independently, cyan scenes with red shapes (B).

    The positions of B's shapes say nothing of A's: a translator that only paints convincing
    scenes of B puts the shapes at wrong places.

    Items: ``inputs`` with ``img_a`` and ``img_b``, uint8 (3, size, size); ``data_samples`` with
    ``key`` and ``mask``, (size, size) bool, where A's shapes are.

    Args:
        split, length, seed: see :class:`ProceduralDataset`.
        size: of the images in pixels.
        num_shapes: least and greatest number of shapes in a scene.
        num_shapes_b: the same of B's scenes; as A's by default.
        radius: least and greatest radius, in pixels.
        noise: standard deviation, in units of [-1, 1].
    """

    def __init__(self, split: str = 'train', length: int = 1024, size: int = 32, num_shapes: Sequence[int] = (1, 3),
                 num_shapes_b: Sequence[int] | None = None, radius: Sequence[int] = (4, 7), noise: float = 0.05,
                 seed: int = 0) -> None:
        self.scene = dict(size=size, radius=tuple(radius))
        self.numbers = [tuple(num_shapes), tuple(num_shapes if num_shapes_b is None else num_shapes_b)]
        self.noise = noise
        super().__init__(split, length, seed, [pack_scenes], dict(dataset_name='unpaired_scenes'))

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """``img_a``, ``img_b`` (H, W, 3) uint8, ``mask`` (H, W) bool, ``key``."""
        mask_a, mask_b = (draw_mask(rng, num_shapes=numbers, **self.scene) for numbers in self.numbers)
        return dict(img_a=colour_mask(mask_a, SCENE_A, self.noise, rng), mask=mask_a,
                    img_b=colour_mask(mask_b, SCENE_B, self.noise, rng), key=self.key_of(index))
