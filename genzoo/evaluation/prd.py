"""Precision and recall of distributions."""
import numpy as np

from ..registry import METRICS
from .common import draw_equally_many, need_package
from .feature_metric import FeatureMetric

_EPSILON = 1e-10


def prd_curve(fake: np.ndarray, real: np.ndarray, num_angles: int = 1001) -> tuple[np.ndarray, np.ndarray]:
    r"""Precision :math:`\sum_k \min(\lambda r_k, f_k)` and recall, which is precision over :math:`\lambda`.

    :math:`\lambda` is the tangent of angles between 0 and 90 degrees.

    Args:
        fake: histogram (K,) of generated samples, sums to 1.
        real: histogram (K,) of real samples, sums to 1.
        num_angles: points of the curve.

    Returns:
        Precision and recall, (num_angles,) each, in 0..1.
    """
    slopes = np.tan(np.linspace(_EPSILON, np.pi / 2 - _EPSILON, num_angles))
    precision = np.minimum(slopes[:, None] * real, fake).sum(axis=1)
    return precision.clip(0, 1), (precision / slopes).clip(0, 1)


def max_f_beta(precision: np.ndarray, recall: np.ndarray, beta: float) -> float:
    """The greatest F-beta on a curve; a beta above 1 weighs recall more, one below 1 precision."""
    return float(((1 + beta ** 2) * precision * recall / (beta ** 2 * precision + recall + _EPSILON)).max())


def cluster_histograms(fake: np.ndarray, real: np.ndarray, num_clusters: int,
                       seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of both sets in the clusters of their union.

    Args:
        fake: (N, D).
        real: (N, D).
        num_clusters: K.
        seed: of mini-batch k-means.

    Returns:
        (K,) each.

    Raises:
        ConfigError: scikit-learn is not installed.
    """
    cluster = need_package('sklearn.cluster', 'scikit-learn', 'PRD')
    kmeans = cluster.MiniBatchKMeans(n_clusters=num_clusters, n_init=10, random_state=seed)
    labels = kmeans.fit(np.concatenate([fake, real])).labels_
    counts = [np.bincount(part, minlength=num_clusters) for part in (labels[:len(fake)], labels[len(fake):])]
    return counts[0] / len(fake), counts[1] / len(real)


@METRICS.register_module()
class PRD(FeatureMetric):
    """Precision and recall of distributions (Sajjadi et al., NeurIPS 2018).

    ``f_8`` weighs recall: do the generated samples show all that the real ones show?
    ``f_1_8`` weighs precision: do they show only that? MMVID's release passes its sets the other
    way round, so its F_8 is ``f_1_8`` here and its F_1/8 is ``f_8``.

    Both sets have to be of one size: of the larger one, samples are drawn at random.

    Args:
        network: config of the feature network.
        num_clusters, num_angles: see :func:`cluster_histograms` and :func:`prd_curve`.
        num_runs: clusterings, whose curves are averaged point by point.
        seed: of the clusterings and of the draw.
        feature, cache_dir: see :class:`FeatureMetric`.

    Raises:
        ConfigError: scikit-learn is not installed.
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'PRD'

    def __init__(self, network: dict, num_clusters: int = 20, num_angles: int = 1001, num_runs: int = 10,
                 seed: int = 0, **feature_args) -> None:
        need_package('sklearn.cluster', 'scikit-learn', 'PRD')
        super().__init__(network, **feature_args)
        self.num_clusters = num_clusters
        self.num_angles = num_angles
        self.num_runs = num_runs
        self.seed = seed

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``f_8``, ``f_1_8`` and the numbers of images that were compared.

        Raises:
            DataError: too few images to fill the clusters.
        """
        reals, fakes = self.gather(results, -(-self.num_clusters // 2))
        counts = f'{len(fakes)} generated and {len(reals)} real ones'
        reals, fakes = draw_equally_many(reals, fakes, np.random.default_rng(self.seed))
        curves = [prd_curve(*cluster_histograms(fakes, reals, self.num_clusters, self.seed + run), self.num_angles)
                  for run in range(self.num_runs)]
        precision, recall = np.mean(curves, axis=0)
        self.log_comparison(len(fakes), f'{len(reals)} real images',
                            f'drawn of {counts}; {self.num_clusters} clusters, {self.num_runs} runs, '
                            f'seed {self.seed}; f_8 weighs recall, f_1_8 precision')
        return dict(f_8=max_f_beta(precision, recall, 8), f_1_8=max_f_beta(precision, recall, 1 / 8),
                    num_fake=len(fakes), num_real=len(reals))
