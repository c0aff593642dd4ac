"""Improved precision and recall."""
import torch
from torch import Tensor

from ..registry import METRICS
from .feature_metric import FeatureMetric
from .neighbours import centred, distance_blocks, neighbour_radii


def _share_inside(probes: Tensor, manifold: Tensor, radii: Tensor) -> float:
    """The share of probes that lie within the radius of any point of the manifold."""
    inside = [(block <= radii).any(dim=1) for block in distance_blocks(probes, manifold)]
    return float(torch.cat(inside).double().mean())


def precision_recall(real: Tensor, fake: Tensor, nhood_size: int = 3) -> tuple[float, float]:
    """The share of fakes among the reals, and of reals among the fakes.

    A set's manifold is all balls around its points that reach their ``nhood_size``-th nearest
    neighbour in the set.

    Args:
        real: (N, D).
        fake: (M, D).
        nhood_size: k.

    Raises:
        DataError: a set has not more than ``nhood_size`` points.
    """
    precision = _share_inside(fake, real, neighbour_radii(real, nhood_size))
    recall = _share_inside(real, fake, neighbour_radii(fake, nhood_size))
    return precision, recall


@METRICS.register_module()
class PrecisionRecall(FeatureMetric):
    """Improved precision and recall (Kynkäänniemi et al., NeurIPS 2019).

    Published numbers use the second fully connected layer of VGG-16. Distances are taken in
    float32; StyleGAN2-ADA's code takes them in float16.

    Args:
        network: config of the feature network.
        nhood_size: k, which neighbour gives the radius.
        feature, cache_dir: see :class:`FeatureMetric`.

    Raises:
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'PrecisionRecall'

    def __init__(self, network: dict, nhood_size: int = 3, **feature_args) -> None:
        super().__init__(network, **feature_args)
        self.nhood_size = nhood_size

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``precision``, ``recall`` and the numbers of images.

        Raises:
            DataError: not more than ``nhood_size`` images of a kind.
        """
        reals, fakes = self.gather(results, self.nhood_size + 1)
        precision, recall = precision_recall(*centred(reals, fakes, self.network.device), self.nhood_size)
        self.log_comparison(len(fakes), f'{len(reals)} real images', f'k = {self.nhood_size}')
        return dict(precision=precision, recall=recall, num_fake=len(fakes), num_real=len(reals))
