"""Fréchet Inception distance."""
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..registry import METRICS
from ..utils import require_file
from .feature_metric import FeatureMetric


def feature_statistics(features: np.ndarray, unbiased: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and covariance (D, D), float64.

    Args:
        features: (N, D), N at least 2.
        unbiased: whether the covariance's divisor is N - 1, or N.
    """
    features = np.asarray(features, dtype=np.float64)
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False, ddof=int(unbiased)))


def _square_root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T


def frechet_distance(mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray,
                     covariance2: np.ndarray) -> float:
    r"""Squared Fréchet distance of two Gaussians.

    .. math:: \lVert\mu_1-\mu_2\rVert^2 + tr(\Sigma_1 + \Sigma_2 - 2(\Sigma_1\Sigma_2)^{1/2})

    The trace of the root is the sum of the square roots of the eigenvalues of the symmetric
    :math:`\Sigma_1^{1/2}\Sigma_2\Sigma_1^{1/2}`. Unlike the root of the product itself it
    exists for singular covariances too, so nothing has to be added to the diagonal.

    Args:
        mean1: (D,).
        covariance1: (D, D), symmetric, positive semi-definite.
        mean2: (D,).
        covariance2: (D, D).
    """
    root = _square_root(covariance1)
    eigenvalues = np.linalg.eigvalsh(root @ covariance2 @ root).clip(min=0)
    traces = np.trace(covariance1) + np.trace(covariance2) - 2 * np.sqrt(eigenvalues).sum()
    return float(np.square(mean1 - mean2).sum() + traces)


def _load_statistics(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    file = require_file(path, 'the file of real statistics', 'Correct `real_statistics`, or leave it out '
                        'to take the data set\'s own images.')
    try:
        with np.load(file, allow_pickle=False) as content:
            return content['mu'].astype(np.float64), content['sigma'].astype(np.float64)
    except (KeyError, ValueError, OSError) as error:
        raise DataError(f'{file}: not an .npz with the arrays mu and sigma ({error}). '
                        'Fetch or compute it again.') from error


@METRICS.register_module()
class FID(FeatureMetric):
    """Fréchet Inception distance of generated images to real ones (Heusel et al., NIPS 2017).

    Without ``real_statistics`` it needs ``gt_img``, too, see :class:`FeatureMetric`.

    Args:
        network: config of the feature network.
        real_statistics: an ``.npz`` with ``mu`` (D,) and ``sigma`` (D, D), as the TTUR code
            writes it, of the same network; by default the data samples' real images are used.
        unbiased: divide covariances by N - 1, as the TTUR code and pytorch-fid do; False: by N,
            as the code of StyleGAN2-ADA does.
        feature, cache_dir: see :class:`FeatureMetric`.

    Raises:
        WeightsError: the network's file is missing or does not fit.
        DataError: the file of statistics is missing or broken.
    """

    default_prefix = 'FID'
    real_remedy = 'FID needs real images, or `real_statistics`.'

    def __init__(self, network: dict, real_statistics: str | Path | None = None, unbiased: bool = True,
                 **feature_args) -> None:
        super().__init__(network, **feature_args)
        self.real_statistics_file = real_statistics
        self.real_statistics = _load_statistics(real_statistics) if real_statistics else None
        self.needs_reals = self.real_statistics is None
        self.unbiased = unbiased

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``fid``, ``num_fake`` and, without a file of statistics, ``num_real``.

        Raises:
            DataError: fewer than two fake or real images; statistics of another network.
        """
        reals, fakes = self.gather(results, least=2)
        real = self.real_statistics or feature_statistics(reals, self.unbiased)
        if real[0].shape != fakes.shape[1:]:
            raise DataError(f'{self.real_statistics_file}: statistics of {real[0].size} features do not fit '
                            f'{self.network.description}, which gives {fakes.shape[1]}.')
        warning = '; no more images than features: comparable at equal counts only'
        self.log_comparison(len(fakes), self.real_statistics_file or f'{len(reals)} real images',
                            f'covariance divided by {"N - 1" if self.unbiased else "N"}'
                            f'{warning if len(fakes) <= fakes.shape[1] else ""}')
        counts = dict(num_fake=len(fakes))
        if self.needs_reals:
            counts['num_real'] = len(reals)
        return dict(fid=frechet_distance(*feature_statistics(fakes, self.unbiased), *real), **counts)
