"""Fréchet Inception distance."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric

from ..errors import DataError
from ..registry import METRICS
from ..utils import require_file
from .common import field_of, log_protocol, rows
from .shared_features import shared_network


def feature_statistics(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and unbiased covariance (D, D), float64, of features (N, D), N at least 2."""
    features = np.asarray(features, dtype=np.float64)
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


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
class FID(BaseMetric):
    """Fréchet Inception distance of generated images to real ones (Heusel et al., NIPS 2017).

    Needs ``key``, ``fake_img`` and (without ``real_statistics``) ``gt_img`` of each data
    sample. Each real image counts once, by its key, however many images were generated for it.

    Args:
        network: config of the feature network; its ``pool3`` is used.
        real_statistics: an ``.npz`` with ``mu`` (D,) and ``sigma`` (D, D), as the TTUR code
            writes it, of the same network; by default the data samples' real images are used.

    Raises:
        WeightsError: the network's file is missing or does not fit.
        DataError: the file of statistics is missing or broken.
    """

    default_prefix = 'FID'

    def __init__(self, network: dict, real_statistics: str | Path | None = None, **base_args) -> None:
        super().__init__(**base_args)
        self.network = shared_network(network)
        self.real_statistics_file = real_statistics
        self.real_statistics = _load_statistics(real_statistics) if real_statistics else None
        self._seen: set[str] = set()

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the features of each fake image, and of each real image not seen before."""
        fakes = field_of(data_samples, 'fake_img', 'The model must generate one.')
        fakes = rows(self.network.on_images(fakes)['pool3'])
        reals = self._real_features(data_samples)
        for sample, fake in zip(data_samples, fakes):
            # One result a sample, so that what a sampler padded is dropped with its result.
            self.results.append(dict(key=sample['key'], fake=fake, real=reals.pop(sample['key'], None)))

    def _real_features(self, data_samples: Sequence[dict]) -> dict[str, np.ndarray]:
        if self.real_statistics is not None:
            return {}
        if not self.results:
            self._seen.clear()
        new = {sample['key']: sample for sample in data_samples if sample['key'] not in self._seen}
        if not new:
            return {}
        self._seen.update(new)
        images = field_of(list(new.values()), 'gt_img', 'FID needs real images, or `real_statistics`.')
        return dict(zip(new, rows(self.network.on_images(images)['pool3'])))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``fid``, ``num_fake`` and, without a file of statistics, ``num_real``.

        Raises:
            DataError: fewer than two fake or real images; statistics of another network.
        """
        fakes = np.stack([result['fake'] for result in results])
        # Two ranks may both have met the same real image.
        reals = {result['key']: result['real'] for result in results if result['real'] is not None}
        if len(fakes) < 2 or (self.real_statistics is None and len(reals) < 2):
            raise DataError(f'FID: {len(fakes)} generated and {len(reals)} real images have no covariance. '
                            'At least two of each are needed.')
        real = self.real_statistics or feature_statistics(np.stack(list(reals.values())))
        if real[0].shape != fakes.shape[1:]:
            raise DataError(f'{self.real_statistics_file}: statistics of {real[0].size} features do not fit '
                            f'{self.network.description}, which gives {fakes.shape[1]}.')
        warning = '; no more images than features: comparable at equal counts only'
        log_protocol(self, f'{self.network.description}; {len(fakes)} generated images against '
                     f'{self.real_statistics_file or f"{len(reals)} real images"}'
                     f'{warning if len(fakes) <= fakes.shape[1] else ""}')
        counts = dict(num_fake=len(fakes))
        if self.real_statistics is None:
            counts['num_real'] = len(reals)
        return dict(fid=frechet_distance(*feature_statistics(fakes), *real), **counts)
