"""Diversity of the images that were generated for one caption."""
from collections.abc import Sequence
from itertools import combinations

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
    """Mean LPIPS between images of the same caption; higher is more diverse.

    Images of one ``key`` and ``caption_index`` form a group. ``protocol`` says what is compared:

    * ``'pairs'``: each generated image with each other one of its group;
    * ``'first'``: the group's first generated image with each later one;
    * ``'real'``: the real image ``gt_img`` with each generated one.

    The mean is over all comparisons. SSA-GAN's script compares the file ``<name>`` with
    ``<name>_numb_<j>``, five of them: ``'first'`` or ``'real'``, whichever image that file was.

    Images are kept until the end of the evaluation: mean to be run on some hundred captions.

    Args:
        network: config of :class:`LPIPS`.
        protocol: ``'pairs'``, ``'first'`` or ``'real'``.
        as_released: standardise images by ImageNet's mean and deviation before LPIPS, which
            expects [-1, 1], as SSA-GAN's script does.

    Raises:
        ConfigError: the protocol is unknown.
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'LPIPSDiversity'

    def __init__(self, network: dict, protocol: str = 'pairs', as_released: bool = False,
                 **base_args) -> None:
        super().__init__(**base_args)
        if protocol not in _PROTOCOLS:
            raise ConfigError(f'LPIPSDiversity: protocol={protocol!r} is unknown. '
                              f'Allowed: {", ".join(map(repr, _PROTOCOLS))}.')
        self.network = shared_network(network)
        self.protocol = protocol
        self.as_released = as_released

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the images."""
        fakes = field_of(data_samples, 'fake_img', 'The model must generate one.')
        reals = [None] * len(fakes)
        if self.protocol == 'real':
            reals = field_of(data_samples, 'gt_img', "protocol='real' needs it; take 'pairs' or 'first'.")
        for sample, fake, real in zip(data_samples, fakes, reals):
            group = (sample['key'], sample.get('caption_index'))
            self.results.append(dict(group=group, fake=fake.cpu().numpy(),
                                     real=None if real is None else real.cpu().numpy()))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``mean`` over all comparisons, their number and the number of captions.

        Raises:
            DataError: no caption has images to compare.
        """
        groups: dict[tuple, list[dict]] = {}
        for result in results:
            groups.setdefault(result['group'], []).append(result)
        distances = [self._distances(group) for group in groups.values()]
        values = np.concatenate(distances) if distances else np.empty(0)
        if not len(values):
            raise DataError('LPIPSDiversity: every caption has a single image. '
                            'Generate at least two images a caption.')
        used = sum(len(values) > 0 for values in distances)
        log_protocol(self, f'{self.network.description}; protocol {self.protocol!r}'
                     f'{", ImageNet-standardised as released" if self.as_released else ""}; '
                     f'{len(values)} comparisons in {used} captions')
        return dict(mean=float(values.mean()), num_comparisons=len(values), num_captions=used)

    def _distances(self, group: list[dict]) -> np.ndarray:
        """The distances of one caption's images, (comparisons,)."""
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
        stages = lpips.embed(images)
        distances = [lpips.compare([m[[i]] for m in stages], [m[[j]] for m in stages]) for i, j in pairs]
        return torch.cat(distances).double().cpu().numpy()
