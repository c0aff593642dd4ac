"""Sliced Wasserstein distance of Laplacian pyramids."""
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import DataError
from ..registry import METRICS
from .common import (
    FirstMet,
    counted_fakes,
    draw_equally_many,
    field_of,
    first_reals,
    log_protocol,
    real_key,
    source_of,
)

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def _smooth(images: Tensor, stride: int = 1) -> Tensor:
    """Each channel filtered by the 5x5 binomial, images mirrored at their border."""
    channels = images.shape[1]
    line = images.new_tensor(_BINOMIAL)
    kernel = torch.outer(line, line).expand(channels, 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode='reflect'), kernel, stride=stride, groups=channels)


def _enlarge(images: Tensor) -> Tensor:
    """Twice the size: zeros between the pixels, filtered, times 4."""
    batch, channels, height, width = images.shape
    enlarged = images.new_zeros(batch, channels, 2 * height, 2 * width)
    enlarged[..., ::2, ::2] = images
    return _smooth(enlarged) * 4


def laplacian_pyramid(images: Tensor, num_levels: int) -> list[Tensor]:
    """What each halving of the size loses, and last what is left.

    Args:
        images: (N, C, H, W) float, H and W divisible by 2 ** (num_levels - 1).
        num_levels: levels.

    Returns:
        Level i is (N, C, H / 2 ** i, W / 2 ** i).
    """
    levels = [images]
    for _ in range(num_levels - 1):
        smaller = _smooth(levels[-1], stride=2)
        levels[-1] = levels[-1] - _enlarge(smaller)
        levels.append(smaller)
    return levels


def descriptors(images: np.ndarray, nhoods_per_image: int, nhood_size: int,
                rng: np.random.RandomState) -> np.ndarray:
    """Square neighbourhoods at random places.

    Args:
        images: (N, C, H, W).
        nhoods_per_image: how many of each image.
        nhood_size: their side, odd.
        rng: gives all x of the batch, then all y.

    Returns:
        (N * nhoods_per_image, C, nhood_size, nhood_size): channel, x, y, as the released metric has it.
    """
    half = nhood_size // 2
    count = len(images) * nhoods_per_image
    around = np.arange(-half, half + 1)
    x = rng.randint(half, images.shape[3] - half, size=(count, 1, 1, 1)) + around[:, None]
    y = rng.randint(half, images.shape[2] - half, size=(count, 1, 1, 1)) + around
    image = np.repeat(np.arange(len(images)), nhoods_per_image)[:, None, None, None]
    return images[image, np.arange(images.shape[1])[:, None, None], y, x]


def normalised(values: np.ndarray) -> np.ndarray:
    """Descriptors (N, C, x, y) with mean 0 and deviation 1 in each channel, one a row: (N, C * x * y)."""
    mean = values.mean(axis=(0, 2, 3), keepdims=True, dtype=np.float64)
    std = values.std(axis=(0, 2, 3), keepdims=True, dtype=np.float64)
    # A channel without any variation is 0.
    return ((values - mean) / np.where(std > 0, std, 1)).astype(np.float32).reshape(len(values), -1)


def sliced_wasserstein(first: np.ndarray, second: np.ndarray, repeats: int, directions: int,
                       rng: np.random.RandomState) -> float:
    """Mean distance of the sorted projections of two point sets on random directions.

    Args:
        first: (N, D).
        second: (N, D).
        repeats: draws of directions, whose distances are averaged.
        directions: directions a draw.
        rng: gives each draw as one standard normal (D, directions) matrix.
    """
    distances = []
    for _ in range(repeats):
        units = rng.randn(first.shape[1], directions)
        units = (units / np.sqrt(np.square(units).sum(axis=0, keepdims=True))).astype(np.float32)
        sorted_ = [np.sort((points @ units).T, axis=1) for points in (first, second)]
        distances.append(np.abs(sorted_[0] - sorted_[1]).mean(dtype=np.float64))
    return float(np.mean(distances))


def pyramid_descriptors(images: np.ndarray, num_levels: int, nhoods_per_image: int, nhood_size: int,
                        minibatch: int, rng: np.random.RandomState) -> list[np.ndarray]:
    """Normalised descriptors of each level, (N * nhoods_per_image, C * nhood_size ** 2).

    Args:
        images: (N, C, H, W) uint8.
        num_levels: levels of the pyramid.
        nhoods_per_image, nhood_size: see :func:`descriptors`.
        minibatch: images at a time, all levels of each; the order of the random draws depends on it.
        rng: what places are drawn from.
    """
    found: list[list[np.ndarray]] = [[] for _ in range(num_levels)]
    for start in range(0, len(images), minibatch):
        part = torch.from_numpy(images[start:start + minibatch]).float()
        for level, values in enumerate(laplacian_pyramid(part, num_levels)):
            found[level].append(descriptors(values.numpy(), nhoods_per_image, nhood_size, rng))
    return [normalised(np.concatenate(found.pop(0))) for _ in range(num_levels)]


@METRICS.register_module()
class SlicedWassersteinDistance(BaseMetric):
    """Sliced Wasserstein distance, times 1000, per level of the Laplacian pyramid and their mean.

    Karras et al., ICLR 2018. Needs ``key``, ``fake_img`` and ``gt_img``, all of one size, and counts
    images as :class:`~genzoo.evaluation.FeatureMetric` does; of the larger set images are drawn at random. All images
    are kept until the end, and there 128 neighbourhoods of 7 x 7 a level take 75 KB an image.

    Args:
        min_size: the side of the smallest level, in pixels; the largest is the image's.
        nhood_size, nhoods_per_image: see :func:`descriptors`.
        dir_repeats, dirs_per_repeat: see :func:`sliced_wasserstein`.
        minibatch: see :func:`pyramid_descriptors`.
        seed: of all draws.
    """

    default_prefix = 'SlicedWassersteinDistance'

    def __init__(self, min_size: int = 16, nhood_size: int = 7, nhoods_per_image: int = 128, dir_repeats: int = 4,
                 dirs_per_repeat: int = 128, minibatch: int = 16, seed: int = 0, **base_args) -> None:
        super().__init__(**base_args)
        self.min_size = min_size
        self.places = dict(nhood_size=nhood_size, nhoods_per_image=nhoods_per_image, minibatch=minibatch)
        self.slices = dict(repeats=dir_repeats, directions=dirs_per_repeat)
        self.seed = seed
        self._first_met = FirstMet()

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps each fake image, and each real image not seen before."""
        fakes = field_of(data_samples, 'fake_img', 'The model must generate one.')
        new = self._first_met.new(data_samples, not self.results)
        images = field_of(list(new.values()), 'gt_img', f'{type(self).__name__} needs real images.')
        reals = dict(zip(new, images))
        for sample, fake in zip(data_samples, fakes):
            real = reals.pop(real_key(sample), None)
            self.results.append(dict(key=real_key(sample), source=source_of(sample), fake=fake.cpu().numpy(),
                                     real=None if real is None else real.cpu().numpy()))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``swd_<side>`` of each level, their mean ``swd``, and the numbers of images that were compared.

        Raises:
            DataError: the images are not all of one size that can be halved down to ``min_size``.
        """
        reals = first_reals(results)
        fakes = counted_fakes(results)
        sides = self._sides(fakes + list(reals.values()))
        counts = f'{len(fakes)} generated and {len(reals)} real ones'
        fakes, reals = draw_equally_many(np.stack(fakes), np.stack(list(reals.values())),
                                         np.random.default_rng(self.seed))
        values = [1000 * value for value in self.distances(fakes, reals, len(sides))]
        log_protocol(self, f'no network, no resize; {len(fakes)} generated images against {len(reals)} real '
                     f'images, drawn of {counts}; {self.places}, {self.slices}, seed {self.seed}')
        return dict({f'swd_{side}': value for side, value in zip(sides, values)}, swd=float(np.mean(values)),
                    num_fake=len(fakes), num_real=len(reals))

    def distances(self, fakes: np.ndarray, reals: np.ndarray, num_levels: int) -> list[float]:
        """The distance at each level of images (N, 3, H, W) uint8, not times 1000; the largest level first."""
        rng = np.random.RandomState(self.seed)
        # The released metric draws the places of the reals first.
        of_reals = pyramid_descriptors(reals, num_levels, rng=rng, **self.places)
        of_fakes = pyramid_descriptors(fakes, num_levels, rng=rng, **self.places)
        return [sliced_wasserstein(real, fake, rng=rng, **self.slices) for real, fake in zip(of_reals, of_fakes)]

    def _sides(self, images: Sequence[np.ndarray]) -> list[int]:
        shapes = sorted({image.shape for image in images})
        height, width = shapes[0][1:]
        side = height
        sides = [side]
        while side % 2 == 0 and side // 2 >= self.min_size:
            side //= 2
            sides.append(side)
        if len(shapes) > 1 or height != width or side != self.min_size:
            raise DataError(f'{type(self).__name__}: images of {", ".join(map(str, shapes))}. All must be squares of '
                            f'one size, {self.min_size} times a power of 2; set min_size or resize them.')
        return sides
