"""Patches of feature maps, projected for the contrast."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from ...errors import ConfigError
from ...registry import MODELS
from ..layers import xavier_normal_init
from ..losses import draw_patch_ids, gather_patches, l2_normalize


@MODELS.register_module()
class PatchSampler(nn.Module):
    """Takes patches of several layers, projects them with a head of its own each, and normalises them.

    CUT (Park et al., ECCV 2020), as used by MoNCE (Zhan et al., CVPR 2022).

    Args:
        nc: size of the projections.
        in_channels: of the layers. None: the heads are made by :meth:`create_heads`, before optimisers,
            distributed wrappers and weights.
        use_mlp: False takes the patches as they are (the released code's ``sample``).
        init_gain: of Xavier's normal distribution.
        pool_size: averages each map to a square grid of this side first, all of whose places are taken (with 4
            and without heads the released code's ``reshape``). None: the maps themselves.
    """

    def __init__(self, nc: int = 256, in_channels: Sequence[int] | None = None, use_mlp: bool = True,
                 init_gain: float = 0.02, pool_size: int | None = None) -> None:
        super().__init__()
        self.nc = nc
        self.use_mlp = use_mlp
        self.init_gain = init_gain
        self.pool_size = pool_size
        self.heads = nn.ModuleList()
        if in_channels is not None:
            self.create_heads(in_channels)

    def create_heads(self, in_channels: Sequence[int]) -> None:
        """Makes the heads, unless they are there.

        Args:
            in_channels: of the layers.

        Raises:
            ConfigError: heads for other layers are there.
        """
        present = [head[0].in_features for head in self.heads]
        if present and present != list(in_channels):
            raise ConfigError(f'PatchSampler: has heads for layers of {present} channels, the layers have '
                              f'{list(in_channels)}. Set patch_sampler.in_channels to these, or leave it out.')
        if self.use_mlp and not present:
            self.heads.extend(nn.Sequential(nn.Linear(channels, self.nc), nn.ReLU(), nn.Linear(self.nc, self.nc))
                              for channels in in_channels)
            xavier_normal_init(self, self.init_gain)

    def forward(self, features: Sequence[Tensor], num_patches: int = 256, ids: Sequence[Tensor] | None = None,
                generator: torch.Generator | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """
        Args:
            features: (B, C, H, W) a layer.
            num_patches: places drawn in each layer, the same for all images; at most all. 0: all, row by row.
            ids: the places, (n,) or (B, n) a layer; drawn by default. Unused where all places are taken.
            generator: for drawing them, on the CPU.

        Returns:
            Samples of unit length, (B, n, nc) a layer, with ``num_patches=0`` maps (B, nc, H, W); and their places.

        Raises:
            ConfigError: there are no heads for these layers.
        """
        if self.use_mlp and len(self.heads) != len(features):
            raise ConfigError(f'PatchSampler: {len(self.heads)} heads for {len(features)} layers. Call create_heads '
                              'first, or give in_channels.')
        if self.pool_size:
            features = [adaptive_avg_pool2d(maps, self.pool_size) for maps in features]
        if self.pool_size or num_patches == 0:
            ids = [torch.arange(maps.shape[2] * maps.shape[3]) for maps in features]
        elif ids is None:
            ids = [draw_patch_ids(maps.shape[2] * maps.shape[3], num_patches, generator) for maps in features]
        samples = [gather_patches(maps, places) for maps, places in zip(features, ids)]
        if self.use_mlp:
            samples = [head(sample) for head, sample in zip(self.heads, samples)]
        samples = [l2_normalize(sample.float()) for sample in samples]  # autocast or not
        if num_patches == 0:
            samples = [sample.mT.unflatten(2, maps.shape[2:]) for sample, maps in zip(samples, features)]
        return samples, list(ids)
