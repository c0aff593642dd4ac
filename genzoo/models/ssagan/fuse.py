"""The generator with everything that is fixed after training folded into its convolutions."""
import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .blocks import MaskPredictor, SSACNBlock
from .generator import SSACNGenerator


def _fold_batch_norm(conv: nn.Conv2d, norm: nn.Module) -> nn.Conv2d:
    """The convolution followed by the batch norm, as one convolution."""
    plain = nn.BatchNorm2d(norm.num_features, eps=norm.eps, affine=norm.affine)
    plain.load_state_dict(norm.state_dict())
    return fuse_conv_bn_eval(conv.eval(), plain.eval())


def _fold_mask_predictor(predictor: MaskPredictor) -> None:
    predictor[0], predictor[1] = _fold_batch_norm(predictor[0], predictor[1]), nn.Identity()


def _fold_block(block: SSACNBlock) -> None:
    block.conv1, block.norm2.bn = _fold_batch_norm(block.conv1, block.norm2.bn), nn.Identity()
    block.conv2.weight.mul_(block.gamma)
    block.conv2.bias.mul_(block.gamma)
    block.gamma.fill_(1)
    if block.mask_predictor is not None:
        _fold_mask_predictor(block.mask_predictor)


@torch.no_grad()
def fuse_generator(generator: SSACNGenerator) -> SSACNGenerator:
    """A copy for inference that computes the same with fewer passes over the features.

    Batch norms that follow a convolution, and the blocks' residual scalars, become part of the
    convolution's weights.

    Args:
        generator: stays as it is.

    Returns:
        In eval mode, without gradients; its state dict is no longer that of a checkpoint.
    """
    fused = copy.deepcopy(generator).eval().requires_grad_(False)
    _fold_mask_predictor(fused.mask_predictor)
    for block in fused.blocks:
        _fold_block(block)
    return fused
