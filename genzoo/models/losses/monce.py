"""MoNCE: contrast whose negatives are weighted by optimal transport."""
import math

import torch
from torch import Tensor

from ...errors import ConfigError
from ...registry import MODELS
from .optimal_transport import WEIGHTINGS, fill_diagonal, softmax_weights, transport_plan
from .patch_nce import PatchNCELoss, nce_per_query

MODULATIONS = ('ot', 'weight', 'none')
SMALLEST_WEIGHT = 1e-8


@MODELS.register_module()
class MoNCELoss(PatchNCELoss):
    r"""Modulated contrast: each negative j of a query i is weighted by an optimal transport plan P.

    .. math:: w_{ij} = P_{ij} (n - 1) Q + 10^{-8}, \qquad
        L_i = -\log \frac{e^{S_{ii}/\tau}}{e^{S_{ii}/\tau} + \sum_{j} w_{ij} e^{S_{ij}/\tau}}

    The gradient flows through the similarities and through the plan. MoNCE (Zhan et al., CVPR 2022).

    Args:
        num_patches: :math:`n`, the configured number of patches.
        tau: temperature.
        eps: weight of the plan's entropy (the paper's beta).
        weighting: ``'hard'``: similar negatives get more weight; ``'easy'``: less.
        modulation: ``'ot'``: the plan; ``'weight'``: a softmax over each row (WeightNCE); ``'none'``: all
            the same.
        neg_weight: :math:`Q`.
        num_iters: Sinkhorn's iterations.
        detach_plan: takes the plan as a constant; changes gradients by 5 to 70 %.
        positive_shift: weighs the positive by the largest weight of its row, as the released paired code.
        all_negatives: patches of all images of the batch are negatives.
        scale_with_actual_patches: :math:`n` is the number of patches that there are, not ``num_patches``.
        log_domain: Sinkhorn on logarithms; needed for eps below about 0.02.
        reduction: ``'mean'``, or ``'none'`` for a value a query.
        loss_weight: factor.

    Raises:
        ConfigError: unknown weighting, modulation or reduction, or eps not above 0.
    """

    def __init__(self, num_patches: int = 256, tau: float = 0.07, eps: float = 1.0, weighting: str = 'hard',
                 modulation: str = 'ot', neg_weight: float = 1.0, num_iters: int = 50, detach_plan: bool = False,
                 positive_shift: bool = False, all_negatives: bool = False, scale_with_actual_patches: bool = False,
                 log_domain: bool = False, reduction: str = 'mean', loss_weight: float = 1.0) -> None:
        super().__init__(tau, all_negatives, reduction, loss_weight)
        for name, value, allowed in (('weighting', weighting, WEIGHTINGS), ('modulation', modulation, MODULATIONS)):
            if value not in allowed:
                raise ConfigError(f'MoNCELoss: {name}={value!r} is none of {", ".join(allowed)}')
        if not (eps > 0 and neg_weight > 0):
            raise ConfigError(f'MoNCELoss: eps={eps} and neg_weight={neg_weight} must be above 0')
        self.num_patches = num_patches
        self.eps = eps
        self.weighting = weighting
        self.modulation = modulation
        self.neg_weight = neg_weight
        self.num_iters = num_iters
        self.detach_plan = detach_plan
        self.positive_shift = positive_shift
        self.scale_with_actual_patches = scale_with_actual_patches
        self.log_domain = log_domain

    def _per_query(self, similarity: Tensor) -> Tensor:
        source = similarity.detach() if self.detach_plan else similarity
        return nce_per_query(similarity, self.tau, self.log_weights(source), self.positive_shift)

    def log_weights(self, similarity: Tensor) -> Tensor:
        r""":math:`\log w`.

        Args:
            similarity: query i with key j, (B, N, N).

        Returns:
            (B, N, N); what stands on the diagonal is not used, except by ``positive_shift``.
        """
        if self.modulation == 'none':
            return similarity.new_full((), math.log(self.neg_weight)).expand_as(similarity)
        if self.modulation == 'weight':
            shares = softmax_weights(similarity, self.eps, self.weighting)
        else:
            shares = transport_plan(similarity, self.eps, self.num_iters, self.weighting, log_domain=self.log_domain)
        count = similarity.shape[-1] if self.scale_with_actual_patches else self.num_patches
        return (shares * ((count - 1) * self.neg_weight) + SMALLEST_WEIGHT).log()

    @torch.no_grad()
    def weight_entropy(self, feat_q: Tensor, feat_k: Tensor) -> Tensor:
        """How evenly the weights of a query's negatives are spread: 1 all alike, 0 all on one.

        Args:
            feat_q, feat_k: normalised features, (B, N, C), N above 1.

        Returns:
            The entropy of the weights of a query, over that of equal ones, mean over the queries, (B,); (1,) with
            ``all_negatives``.
        """
        if self.all_negatives:
            feat_q, feat_k = feat_q.flatten(0, 1)[None], feat_k.flatten(0, 1)[None]
        with torch.autocast(feat_q.device.type, enabled=False):
            log_weights = self.log_weights(feat_q.float() @ feat_k.float().mT)
            shares = fill_diagonal(log_weights, -math.inf).softmax(-1)
            return torch.special.entr(shares).sum(-1).mean(-1) / math.log(max(shares.shape[-1] - 1, 2))
