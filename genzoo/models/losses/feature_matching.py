"""Generated images that a discriminator sees as it sees the real ones."""
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class DiscriminatorFeatureMatchingLoss(nn.Module):
    """L1 between a multiscale discriminator's features of generated and of real images.

    pix2pixHD (Wang et al., CVPR 2018), eq. 4.

    Args:
        loss_weight: the papers' lambda_feat.
    """

    def __init__(self, loss_weight: float = 10.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, fake: Sequence[Sequence[Tensor]], real: Sequence[Sequence[Tensor]]) -> Tensor:
        """
        Args:
            fake: for each scale the features, then the logits, which don't count.
            real: the same of the real images; takes no gradient.

        Returns:
            Scalar: the sum over features, the mean over scales.
        """
        total = sum(F.l1_loss(mine, theirs.detach()) for scale, other in zip(fake, real)
                    for mine, theirs in zip(scale[:-1], other[:-1]))
        return self.loss_weight * total / len(fake)
