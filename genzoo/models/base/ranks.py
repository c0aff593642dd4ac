"""Batches that are spread over ranks.

The sampler deals the samples of a global batch like cards: rank r of W has the rows
r, r + W, r + 2W, ... The functions here keep that order, so that a run on W ranks can do
the arithmetic of one process at the same global batch.
"""
import torch
from mmengine.dist import all_gather, get_dist_info
from torch import Tensor


def gather_rows(local: Tensor) -> Tensor:
    """The rows of all ranks in the order of the global batch; gradient for this rank's rows.

    Args:
        local: (B, ...), of the same shape on every rank.

    Returns:
        (W * B, ...); ``local`` itself in a single process.
    """
    rank, world_size = get_dist_info()
    if world_size == 1:
        return local
    rows = all_gather(local.detach().contiguous())
    rows[rank] = local
    return torch.stack(rows, dim=1).flatten(0, 1)


def rank_rows(whole: Tensor) -> Tensor:
    """This rank's rows of something that every rank has for the global batch.

    Args:
        whole: (W * B, ...).

    Returns:
        (B, ...).
    """
    rank, world_size = get_dist_info()
    return whole[rank::world_size]
