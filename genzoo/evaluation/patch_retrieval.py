"""Do patches of two images find each other, and what weight do the others have?"""
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..registry import METRICS, MODELS
from .common import field_of, log_protocol, rows

KERNELS = ('hard', 'easy')


@METRICS.register_module()
class PatchRetrieval(BaseMetric):
    """Retrieval of patches, and how MoNCE's weights of negatives follow similarity.

    * ``top1``: share of B's patches whose most similar patch of A is the one at the same place;
    * ``hard_correlation``, ``easy_correlation``: Pearson correlation, over all pairs of different places, between
      similarity and the logarithm of the weight that the transport plan gives to the pair. The plans of both
      kernels are computed on the same features. Once features have structure, near 1 for the hard kernel and
      near -1 for the easy one; swapped kernels swap the signs.

    Needs ``patches_a`` and ``patches_b``, (N, D) of unit length.

    Args:
        num_patches: the configured number of patches of :class:`~genzoo.models.losses.MoNCELoss`.
        eps: weight of the plans' entropy.
        collect_device, prefix: see mmengine's ``BaseMetric``.
    """

    default_prefix = 'PatchRetrieval'

    def __init__(self, num_patches: int = 64, eps: float = 0.1, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.losses = [MODELS.build(dict(type='MoNCELoss', num_patches=num_patches, eps=eps, weighting=weighting))
                       for weighting in KERNELS]

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps hits, similarities and weights of each pair of images."""
        remedy = 'The model must be PatchCorrespondence.'
        keys = torch.stack(field_of(data_samples, 'patches_a', remedy))
        queries = torch.stack(field_of(data_samples, 'patches_b', remedy))
        similarity = queries.float() @ keys.float().mT
        places = torch.arange(similarity.shape[-1], device=similarity.device)
        hits = rows(similarity.argmax(-1) == places)
        values = [similarity, *(loss.log_weights(similarity) for loss in self.losses)]
        pairs = rows(torch.stack([_different_places(value) for value in values], 1))
        self.results += [dict(hits=own, pairs=pair) for own, pair in zip(hits, pairs)]

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """What the class says."""
        pairs = np.concatenate([result['pairs'] for result in results], axis=1).astype(np.float64)
        correlations = np.corrcoef(pairs)[0, 1:]
        top1 = float(np.concatenate([result['hits'] for result in results]).mean())
        log_protocol(self, f'{len(results)} pairs of images, {len(results[0]["hits"])} patches each')
        return dict(top1=top1) | {f'{kernel}_correlation': float(value)
                                  for kernel, value in zip(KERNELS, correlations)}


def _different_places(values: Tensor) -> Tensor:
    """The entries off the diagonal of (B, N, N), as (B, N * (N - 1))."""
    return values[:, ~torch.eye(values.shape[-1], dtype=torch.bool, device=values.device)]
