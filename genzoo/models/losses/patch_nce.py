"""Contrast of patches: each patch of one image finds its own place in another."""
import torch
from torch import Tensor, nn

from ...errors import ConfigError, TrainingError
from ...registry import MODELS
from ...utils import require_positive
from .optimal_transport import fill_diagonal
from .patches import l2_normalize

REDUCTIONS = ('mean', 'none')
DIAGONAL = -10.0  # the similarity that stands for a patch with itself among its negatives


def nce_per_query(similarity: Tensor, tau: float, log_weights: Tensor | None = None,
                  positive_shift: bool = False) -> Tensor:
    r"""The contrastive loss of each query, its negatives weighted.

    .. math:: -\log \frac{e^{S_{ii}/\tau}}{e^{S_{ii}/\tau} + \sum_{j} w_{ij} e^{S_{ij}/\tau}}

    Each row's own column stays among the negatives with the similarity -10, as in PatchNCE (CUT, Park
    et al., ECCV 2020).

    Args:
        similarity: :math:`S`, query i with key j, (..., N, N).
        tau: temperature.
        log_weights: :math:`\log w`, (..., N, N); None for 1.
        positive_shift: weighs the positive by the row's largest weight.

    Returns:
        (..., N).
    """
    positive = similarity.diagonal(dim1=-2, dim2=-1) / tau
    negative = similarity / tau
    if log_weights is not None:
        negative = negative + log_weights
    if positive_shift:
        positive = positive + log_weights.amax(-1)
    negative = fill_diagonal(negative, DIAGONAL / tau)
    return torch.logaddexp(positive, negative.logsumexp(-1)) - positive


@MODELS.register_module()
class PatchNCELoss(nn.Module):
    """Contrast of each generated patch with the source's patches; its own place is the positive.

    CUT (Park et al., ECCV 2020). Computed in float32 whatever autocast says.

    Args:
        tau: temperature.
        all_negatives: patches of all images of the batch are negatives, not of the same image only.
        reduction: ``'mean'``, or ``'none'`` for a value a query.
        loss_weight: factor.
        normalize: brings the features to unit length first; by default they come so.

    Raises:
        ConfigError: unknown reduction, or tau not above 0.
    """

    def __init__(self, tau: float = 0.07, all_negatives: bool = False, reduction: str = 'mean',
                 loss_weight: float = 1.0, normalize: bool = False) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ConfigError(f'{type(self).__name__}: reduction={reduction!r} is none of {", ".join(REDUCTIONS)}')
        require_positive(tau, f'{type(self).__name__}: tau')
        self.tau = tau
        self.all_negatives = all_negatives
        self.reduction = reduction
        self.loss_weight = loss_weight
        self.normalize = normalize

    def forward(self, feat_q: Tensor, feat_k: Tensor, batch_size: int | None = None) -> Tensor:
        """
        Args:
            feat_q: features of the generated image's patches, (B, N, C), or (B * N, C) image by image; of unit
                length, unless ``normalize`` is set.
            feat_k: of the image that they are compared with, alike; takes no gradient.
            batch_size: B, needed for (B * N, C).

        Returns:
            Scalar, or (B, N) without reduction.

        Raises:
            ConfigError: shapes that do not fit each other.
            TrainingError: a feature is not finite, or the plan overflowed.
        """
        with torch.autocast(feat_q.device.type, enabled=False):
            q = self._by_image(feat_q, 'feat_q', batch_size).float()
            k = self._by_image(feat_k, 'feat_k', batch_size).float().detach()
            if q.shape != k.shape:
                raise ConfigError(f'{type(self).__name__}: feat_q is {tuple(q.shape)} and feat_k {tuple(k.shape)}; '
                                  'both must have the same patches')
            shape = q.shape[:2]
            per_query = self._per_query(self._similarity(q, k)).view(shape)
        self._require_finite(per_query, feat_q, feat_k)
        return self.loss_weight * (per_query.mean() if self.reduction == 'mean' else per_query)

    def _similarity(self, q: Tensor, k: Tensor) -> Tensor:
        """Of query i with key j, (B, N, N), or (1, B * N, B * N) with ``all_negatives``."""
        if self.normalize:
            q, k = l2_normalize(q), l2_normalize(k)
        if self.all_negatives:
            q, k = q.flatten(0, 1)[None], k.flatten(0, 1)[None]
        return q @ k.mT

    def _per_query(self, similarity: Tensor) -> Tensor:
        return nce_per_query(similarity, self.tau)

    def _by_image(self, features: Tensor, name: str, batch_size: int | None) -> Tensor:
        if features.ndim == 3:
            return features
        if features.ndim == 2 and batch_size and len(features) % batch_size == 0:
            return features.view(batch_size, -1, features.shape[1])
        raise ConfigError(f'{type(self).__name__}: {name} is {tuple(features.shape)}, expected (B, N, C), or '
                          f'(B * N, C) with the batch_size B (given: {batch_size})')

    def _require_finite(self, per_query: Tensor, feat_q: Tensor, feat_k: Tensor) -> None:
        """On a GPU without waiting for it: the error then comes at its next synchronisation."""
        if torch.compiler.is_compiling():
            return
        finite = torch.isfinite(per_query.detach()).all()
        if per_query.device.type != 'cpu':
            return torch._assert_async(finite, self._not_finite('the loss', feat_q, feat_k))
        if not finite:
            bad = [name for name, value in (('feat_q', feat_q), ('feat_k', feat_k)) if not value.isfinite().all()]
            raise TrainingError(self._not_finite(' and '.join(bad) or 'the loss', feat_q, feat_k))

    def _not_finite(self, what: str, feat_q: Tensor, feat_k: Tensor) -> str:
        return (f'{type(self).__name__}: {what} of shape {tuple(feat_q.shape)} is not finite. Normalise the features '
                'to unit length, or set normalize=True; for eps below about 0.02 use log_domain=True.')
