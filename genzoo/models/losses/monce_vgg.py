"""MoNCE between the features that a frozen network sees in two images."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS
from .monce import MoNCELoss
from .patch_nce import PatchNCELoss
from .patches import draw_patch_ids, gather_patches, l2_normalize

PRESETS = ('released', 'paper')
VGG_LEVELS = ('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1')


@MODELS.register_module()
class MoNCEVGGLoss(nn.Module):
    r"""Perceptual contrast of paired translation: patches of VGG features, five levels.

    .. math:: L = \lambda \sum_l \lambda_l \, \mathrm{mean}_i L_{l,i}

    ``'released'``, as the published code and weights: the last level is weighted by the hard plan, its positive by
    the largest weight of its row, so that the most similar negative keeps weight 1; the other levels are
    plain PatchNCE. ``'paper'``: the easy plan on every level. MoNCE (Zhan et al., CVPR 2022).

    Args:
        features: config of the frozen network; it returns a dict of feature maps, one a level, in order.
        level_weights: :math:`\lambda_l`.
        preset: ``'released'`` or ``'paper'``.
        num_patches: places drawn a level; at most all.
        ot_weight: factor of the released plan; it cancels out, except for the smallest weight of 1e-8.
        eps: weight of the plan's entropy (the paper's beta).
        neg_weight: :math:`Q` of the preset ``'paper'``.
        detach_plan: takes the plan as a constant.
        loss_weight: :math:`\lambda`.

    Raises:
        ConfigError: unknown preset.
    """

    def __init__(self, features: dict | None = None,
                 level_weights: Sequence[float] = (0.03125, 0.0625, 0.125, 0.25, 1.0), preset: str = 'released',
                 num_patches: int = 256, ot_weight: float = 256.0, eps: float = 1.0, neg_weight: float = 1.0,
                 detach_plan: bool = False, loss_weight: float = 10.0) -> None:
        super().__init__()
        if preset not in PRESETS:
            raise ConfigError(f'MoNCEVGGLoss: preset={preset!r} is none of {", ".join(PRESETS)}')
        self.features = MODELS.build(features or dict(type='VGGFeatures', layers=VGG_LEVELS, normalize=False))
        self.register_state_dict_post_hook(self._leave_out_features)
        self.register_load_state_dict_pre_hook(self._keep_features)
        self.level_weights = tuple(level_weights)
        self.num_patches = num_patches
        self.loss_weight = loss_weight
        shared = dict(eps=eps, detach_plan=detach_plan, reduction='none')
        if preset == 'paper':
            last = MoNCELoss(num_patches, weighting='easy', neg_weight=neg_weight, **shared)
            self.contrasts = nn.ModuleList([last] * len(self.level_weights))
        else:
            plain = PatchNCELoss(reduction='none')
            last = MoNCELoss(neg_weight=ot_weight / (num_patches - 1), num_patches=num_patches, positive_shift=True,
                             **shared)
            self.contrasts = nn.ModuleList([plain] * (len(self.level_weights) - 1) + [last])

    @staticmethod
    def _leave_out_features(module: nn.Module, state: dict, prefix: str, metadata: dict) -> None:
        """The frozen network is not saved with what is trained: its file is named by the config."""
        for key in [key for key in state if key.startswith(f'{prefix}features.')]:
            del state[key]

    @staticmethod
    def _keep_features(module: nn.Module, state: dict, prefix: str, *args) -> None:
        state.update({f'{prefix}features.{key}': value for key, value in module.features.state_dict().items()})

    def forward(self, fake: Tensor, real: Tensor, ids: Sequence[Tensor] | None = None,
                generator: torch.Generator | None = None) -> Tensor:
        """
        Args:
            fake: generated images, (B, 3, H, W), RGB, in [-1, 1].
            real: what they should look like, alike.
            ids: places to compare, (n,) a level; drawn by default.
            generator: for drawing them, on the CPU.

        Returns:
            Scalar.
        """
        losses = self.level_losses(fake, real, ids, generator)
        return self.loss_weight * sum(weight * loss.mean() for weight, loss in zip(self.level_weights, losses))

    def level_losses(self, fake: Tensor, real: Tensor, ids: Sequence[Tensor] | None = None,
                     generator: torch.Generator | None = None) -> list[Tensor]:
        """The contrast of each patch, a level: a list of (B, n), not weighted.

        Raises:
            ConfigError: the network yields another number of levels than there are weights.
        """
        with torch.no_grad():
            keys = list(self.features(real).values())
        if len(keys) != len(self.level_weights):
            raise ConfigError(f'MoNCEVGGLoss: {len(self.level_weights)} level_weights for {len(keys)} feature maps')
        if ids is None:
            ids = [draw_patch_ids(key.shape[2] * key.shape[3], self.num_patches, generator) for key in keys]
        queries = self.features(fake).values()
        return self._contrasted([[l2_normalize(gather_patches(maps, places)) for maps in (query, key)]
                                 for query, key, places in zip(queries, keys, ids)])

    def _contrasted(self, pairs: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """The contrast of each level's patches; levels that are weighted and have equally many share one plan.

        Args:
            pairs: patches of the generated and of the real image, (B, n, C) each, a level.
        """
        groups: dict[tuple, list[int]] = {}
        for level, (contrast, (query, _)) in enumerate(zip(self.contrasts, pairs)):
            weighted = isinstance(contrast, MoNCELoss)  # a plan costs more than the zeros of _stacked
            groups.setdefault((contrast, query.shape[1] if weighted else -level), []).append(level)
        losses = {}
        for (contrast, _), levels in groups.items():
            together = contrast(*(_stacked([pairs[level][side] for level in levels]) for side in (0, 1)))
            losses.update(zip(levels, together.chunk(len(levels))))
        return [losses[level] for level in range(len(pairs))]


def _stacked(patches: Sequence[Tensor]) -> Tensor:
    """(B, n, C) each, of unlike C, along B; zeros behind the shorter ones, which change no product of two patches."""
    width = max(level.shape[-1] for level in patches)
    return torch.cat([F.pad(level, (0, width - level.shape[-1])) for level in patches])
