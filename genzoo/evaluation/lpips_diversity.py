"""Diversity of the images that were generated for one caption, or of one category."""
from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import ConfigError, DataError
from ..registry import METRICS
from .common import field_of, log_protocol
from .shared_features import shared_network, to_unit_range

_PROTOCOLS = ('pairs', 'first', 'real')


@METRICS.register_module()
class LPIPSDiversity(BaseMetric):
    """Mean LPIPS between images of the same group; higher is more diverse.

    A group is a caption's images by default. ``protocol`` says what is compared:

    * ``'pairs'``: each generated image with each other one of its group;
    * ``'first'``: the group's first generated image with each later one;
    * ``'real'``: the real image ``gt_img`` with each generated one.

    SSA-GAN's script compares the file ``<name>`` with ``<name>_numb_<j>``, five of them:
    ``'first'`` or ``'real'``, whichever image that file was. LoFGAN's script, by which few-shot
    generation is compared (AGE), takes ``'pairs'`` with ``group_by=['category']``,
    ``mean_of_groups=True``, ``resize=32``, ``legacy_normalize=True`` and VGG.

    Images are kept until the end of the evaluation: mean to be run on some hundred captions.

    Args:
        network: config of :class:`LPIPS`.
        protocol: ``'pairs'``, ``'first'`` or ``'real'``.
        as_released: standardise images by ImageNet's mean and deviation before LPIPS, which
            expects [-1, 1], as SSA-GAN's script does.
        group_by: fields whose values make a group.
        mean_of_groups: take each group's mean first, so that groups weigh the same; else the
            mean is over all comparisons.
        resize: the side in pixels to which images are resized, bilinearly by OpenCV.
        legacy_normalize: map images once more from [0, 1] to [-1, 1], though they are in [-1, 1]
            already, as LoFGAN's script does.

    Raises:
        ConfigError: the protocol is unknown.
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'LPIPSDiversity'

    def __init__(self, network: dict, protocol: str = 'pairs', as_released: bool = False,
                 group_by: Sequence[str] = ('key', 'caption_index'), mean_of_groups: bool = False,
                 resize: int | None = None, legacy_normalize: bool = False, **base_args) -> None:
        super().__init__(**base_args)
        if protocol not in _PROTOCOLS:
            raise ConfigError(f'LPIPSDiversity: protocol={protocol!r} is unknown. '
                              f'Allowed: {", ".join(map(repr, _PROTOCOLS))}.')
        self.network = shared_network(network)
        self.protocol = protocol
        self.as_released = as_released
        self.group_by = tuple(group_by)
        self.mean_of_groups = mean_of_groups
        self.resize = resize
        self.legacy_normalize = legacy_normalize

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the images."""
        fakes = field_of(data_samples, 'fake_img', 'The model must generate one.')
        reals = [None] * len(fakes)
        if self.protocol == 'real':
            reals = field_of(data_samples, 'gt_img', "protocol='real' needs it; take 'pairs' or 'first'.")
        for sample, fake, real in zip(data_samples, fakes, reals):
            self.results.append(dict(group=self._group(sample), fake=self._resized(fake),
                                     real=None if real is None else self._resized(real)))

    def _group(self, sample: dict) -> tuple:
        group = tuple(sample.get(name) for name in self.group_by)
        if all(value is None for value in group):
            raise DataError(f'data sample {sample.get("key")!r}: it has no {" or ".join(self.group_by)}. '
                            'The data set must tell it, or set group_by.')
        return tuple(value.item() if isinstance(value, Tensor) else value for value in group)

    def _resized(self, image: Tensor) -> np.ndarray:
        pixels = image.cpu().numpy()
        if self.resize is None:
            return pixels
        pixels = cv2.resize(pixels.transpose(1, 2, 0), (self.resize, self.resize), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``mean``, and the numbers of comparisons, of groups that have any, and of generated images.

        Raises:
            DataError: no group has images to compare.
        """
        groups: dict[tuple, list[dict]] = {}
        for result in results:
            groups.setdefault(result['group'], []).append(result)
        distances = [self._distances(group) for group in groups.values()]
        distances = [values for values in distances if len(values)]
        if not distances:
            raise DataError(f'LPIPSDiversity: every group (by {", ".join(self.group_by)}) has a single image. '
                            'Generate at least two images a caption or category.')
        means = [values.mean() for values in distances]
        mean = np.mean(means) if self.mean_of_groups else np.concatenate(distances).mean()
        count = sum(map(len, distances))
        log_protocol(self, f'{self.network.description}; {self._protocol_text()}; {count} comparisons of '
                     f'{len(results)} generated images in {len(distances)} groups by {", ".join(self.group_by)}')
        return dict(mean=float(mean), num_comparisons=count, num_groups=len(distances), num_fake=len(results))

    def _protocol_text(self) -> str:
        quirks = {'ImageNet-standardised as released': self.as_released, 'mean of groups': self.mean_of_groups,
                  f'images resized to {self.resize}x{self.resize}': self.resize is not None,
                  'normalised twice as released': self.legacy_normalize}
        return ', '.join([f'protocol {self.protocol!r}', *(text for text, used in quirks.items() if used)])

    def _distances(self, group: list[dict]) -> np.ndarray:
        """The distances of one group's images, (comparisons,)."""
        images = [torch.from_numpy(result['fake']) for result in group]
        if self.protocol == 'real':
            images.insert(0, torch.from_numpy(group[0]['real']))
        pairs = list(combinations(range(len(images)), 2))
        if self.protocol != 'pairs':
            pairs = [(0, other) for other in range(1, len(images))]
        return self._compare(to_unit_range(images, self.network.device), pairs) if pairs else np.empty(0)

    @torch.no_grad()
    def _compare(self, images: Tensor, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
        """LPIPS of pairs of ``images`` (N, 3, H, W) in [-1, 1]; each image is embedded once."""
        lpips = self.network.network
        if self.as_released:
            # As released: standardised here and once more inside LPIPS.
            images = lpips.normalize(images)
        if self.legacy_normalize:
            # As released: the images are in [-1, 1] already.
            images = 2 * images - 1
        stages = lpips.embed(images)
        distances = [lpips.compare([m[[i]] for m in stages], [m[[j]] for m in stages]) for i, j in pairs]
        return torch.cat(distances).double().cpu().numpy()
