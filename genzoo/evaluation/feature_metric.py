"""What metrics share that compare features of generated images with features of real ones."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import ConfigError, DataError
from .common import FirstMet, counted_fakes, field_of, first_reals, log_protocol, real_key, rows, source_of
from .feature_cache import CACHE_DIR, image_digest, shared_cache
from .shared_features import shared_network


class FeatureMetric(BaseMetric):
    """Gathers features of generated and of real images.

    Needs ``key``, ``fake_img`` and ``gt_img`` of each data sample. Each real image counts once,
    by its key, however many images were generated for it. In unpaired translation, where samples
    have a ``gt_key``, that names the real image, and each translated one counts once by its key.

    Equal networks of several metrics are one, and an image passes through it once. Real images that
    a former evaluation met do not pass through it at all, see :mod:`genzoo.evaluation.feature_cache`.

    Args:
        network: config of the feature network, which takes images in [-1, 1] and returns a dict.
        feature: which of its outputs is used, (N, D).
        cache_dir: where features of real images are kept; None: they are not.

    Raises:
        WeightsError: the network's file is missing or does not fit.
    """

    needs_reals = True
    """Whether real images are looked at."""

    real_remedy = 'Generated images are compared with real ones.'
    """What to say where a sample has none."""

    def __init__(self, network: dict, feature: str = 'pool3', cache_dir: str | Path | None = CACHE_DIR,
                 **base_args) -> None:
        super().__init__(**base_args)
        self.network = shared_network(network)
        self.feature = feature
        self._first_met = FirstMet()
        self._cache_dir = cache_dir
        self._cache = None

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the features of each fake image, and of each real image not seen before."""
        if self._cache is None and self.needs_reals:
            self._cache = shared_cache(self._cache_dir, self.network.fingerprint, self.feature)
        fakes = self._features(field_of(data_samples, 'fake_img', 'The model must generate one.'))
        reals = self._new_reals(data_samples) if self.needs_reals else {}
        for sample, fake in zip(data_samples, fakes):
            # One result a sample, so that what a sampler padded is dropped with its result.
            key = real_key(sample)
            real, digest = reals.pop(key, (None, None))
            self.results.append(dict(key=key, source=source_of(sample), fake=fake, real=real, digest=digest))

    def _features(self, images: Sequence[Tensor]) -> np.ndarray:
        """Features of images, (N, D) float32."""
        return self.network.remembered(f'rows {self.feature}', images, lambda: self._compute(images))

    def _compute(self, images: Sequence[Tensor]) -> np.ndarray:
        outputs = self.network.on_images(images)
        if self.feature not in outputs:
            raise ConfigError(f'{type(self).__name__}: feature={self.feature!r} is none of '
                              f'{self.network.description}. Allowed: {", ".join(map(repr, outputs))}.')
        if outputs[self.feature].dim() != 2:
            raise ConfigError(f'{type(self).__name__}: feature={self.feature!r} has the shape '
                              f'{tuple(outputs[self.feature].shape)}, not (N, D). Take pooled features.')
        return rows(outputs[self.feature])

    def _new_reals(self, data_samples: Sequence[dict]) -> dict[str, tuple[np.ndarray, bytes | None]]:
        """Features of the real images of new keys, with a digest where the cache lacks them."""
        afresh = not self.results
        if afresh and self._cache is not None:
            self._cache.refresh()
        new = self._first_met.new(data_samples, afresh)
        if not new:
            return {}
        images = field_of(list(new.values()), 'gt_img', self.real_remedy)
        if self._cache is None:
            return {key: (row, None) for key, row in zip(new, self._features(images))}
        found = self.network.remembered(f'cache {self._cache.folder}', images, lambda: self._look_up(images))
        return dict(zip(new, found))

    def _look_up(self, images: Sequence[Tensor]) -> list[tuple[np.ndarray, bytes | None]]:
        digests = [image_digest(image) for image in images]
        found = [(self._cache.get(digest), None) for digest in digests]
        missing = [place for place, (features, _) in enumerate(found) if features is None]
        if missing:
            computed = self._features([images[place] for place in missing])
            for place, features in zip(missing, computed):
                found[place] = (features, digests[place])
        return found

    def gather(self, results: Sequence[dict], least: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """The features of real and of generated images, (N, D) and (M, D) float32; keeps new real ones.

        Args:
            results: of all ranks.
            least: how many images of each kind the metric needs.

        Raises:
            DataError: there are fewer.
        """
        fakes = np.stack(counted_fakes(results)) if results else np.empty((0, 0))
        reals = first_reals(results)
        if len(fakes) < least or (self.needs_reals and len(reals) < least):
            raise DataError(f'{type(self).__name__}: {len(fakes)} generated and {len(reals)} real images are too '
                            f'few. At least {least} of each are needed.')
        if self._cache is not None:
            self._cache.add({result['digest']: result['real'] for result in results if result['digest']})
        return np.stack(list(reals.values())) if reals else np.empty((0, fakes.shape[1])), fakes

    def log_comparison(self, num_fake: int, against: str, protocol: str) -> None:
        """Logs network, feature, counts and protocol in one line."""
        log_protocol(self, f'{self.network.description}; {num_fake} generated images against {against}; '
                     f'{self.feature}, {protocol}')
