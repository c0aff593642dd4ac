"""Kernel Inception distance."""
import numpy as np

from ..registry import METRICS
from .feature_metric import FeatureMetric


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def squared_mmd(real: np.ndarray, fake: np.ndarray) -> float:
    r"""Unbiased estimate of the squared maximum mean discrepancy under :math:`k(x, y) = (x \cdot y / D + 1)^3`.

    Args:
        real: (m, D), m at least 2.
        fake: (m, D).
    """
    count = len(real)
    own = _kernel(real, real) + _kernel(fake, fake)
    within = (own.sum() - np.trace(own)) / (count - 1)
    return float((within - 2 * _kernel(real, fake).sum() / count) / count)


def kernel_distance(real: np.ndarray, fake: np.ndarray, num_subsets: int = 100, max_subset_size: int = 1000,
                    rng: np.random.Generator | None = None) -> tuple[float, float]:
    """Mean and population standard deviation of :func:`squared_mmd` over random subsets.

    Args:
        real: (N, D), N at least 2.
        fake: (M, D), M at least 2.
        num_subsets: how many.
        max_subset_size: their size is the least of N, M and this; drawn without replacement.
        rng: what subsets are drawn from; by default seed 0.
    """
    rng = rng or np.random.default_rng(0)
    real, fake = (np.asarray(features, dtype=np.float64) for features in (real, fake))
    size = min(len(real), len(fake), max_subset_size)
    values = [squared_mmd(*(features[rng.choice(len(features), size, replace=False)] for features in (real, fake)))
              for _ in range(num_subsets)]
    return float(np.mean(values)), float(np.std(values))


@METRICS.register_module()
class KID(FeatureMetric):
    """Kernel Inception distance (Binkowski et al., ICLR 2018); not multiplied by 1000.

    Args:
        network: config of the feature network.
        num_subsets, max_subset_size: see :func:`kernel_distance`.
        seed: of the draw of subsets.
        feature, cache_dir: see :class:`FeatureMetric`.

    Raises:
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'KID'

    def __init__(self, network: dict, num_subsets: int = 100, max_subset_size: int = 1000, seed: int = 0,
                 **feature_args) -> None:
        super().__init__(network, **feature_args)
        self.num_subsets = num_subsets
        self.max_subset_size = max_subset_size
        self.seed = seed

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``kid``, its standard deviation over subsets ``kid_std``, and the numbers of images.

        Raises:
            DataError: fewer than two fake or real images.
        """
        reals, fakes = self.gather(results, least=2)
        mean, std = kernel_distance(reals, fakes, self.num_subsets, self.max_subset_size,
                                    np.random.default_rng(self.seed))
        size = min(len(reals), len(fakes), self.max_subset_size)
        self.log_comparison(len(fakes), f'{len(reals)} real images',
                            f'mean of {self.num_subsets} subsets of {size}, seed {self.seed}')
        return dict(kid=mean, kid_std=std, num_fake=len(fakes), num_real=len(reals))
