"""Density and coverage."""
import torch
from torch import Tensor

from ..registry import METRICS
from .feature_metric import FeatureMetric
from .neighbours import centred, distance_blocks, neighbour_radii


def density_coverage(real: Tensor, fake: Tensor, nearest_k: int = 5) -> tuple[float, float]:
    """How many balls of reals a fake lies in, and the share of reals with a fake in their ball.

    A real's ball reaches its k-th nearest neighbour among the reals; its border is outside.

    Args:
        real: (N, D).
        fake: (M, D).
        nearest_k: k.

    Returns:
        Density, the mean number of balls that a fake lies in, divided by k: it may exceed 1;
        coverage in 0..1.

    Raises:
        DataError: there are not more than ``nearest_k`` reals.
    """
    radii = neighbour_radii(real, nearest_k)
    balls, covered = 0, torch.zeros_like(radii, dtype=torch.bool)
    for distances in distance_blocks(fake, real):
        inside = distances < radii
        balls += int(inside.sum())
        covered |= inside.any(dim=0)
    return balls / (nearest_k * len(fake)), float(covered.double().mean())


@METRICS.register_module()
class DensityCoverage(FeatureMetric):
    """Density and coverage (Naeem et al., ICML 2020).

    Args:
        network: config of the feature network.
        nearest_k: k; MoNCE's numbers have 95.
        feature, cache_dir: see :class:`FeatureMetric`.

    Raises:
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'DensityCoverage'

    def __init__(self, network: dict, nearest_k: int = 5, **feature_args) -> None:
        super().__init__(network, **feature_args)
        self.nearest_k = nearest_k

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``density``, ``coverage`` and the numbers of images.

        Raises:
            DataError: not more than ``nearest_k`` real images.
        """
        reals, fakes = self.gather(results)
        density, coverage = density_coverage(*centred(reals, fakes, self.network.device), self.nearest_k)
        self.log_comparison(len(fakes), f'{len(reals)} real images', f'k = {self.nearest_k}')
        return dict(density=density, coverage=coverage, num_fake=len(fakes), num_real=len(reals))
