"""The paper's loss."""
import torch.nn.functional as F
from torch import Tensor, nn

from genzoo.registry import MODELS


@MODELS.register_module()
class RelativisticGANLoss(nn.Module):
    r"""How much more real one side's samples look than the average of the other side's.

    .. math:: L = -E[\log \sigma(C(x) - E\,C(y))] - E[\log(1 - \sigma(C(y) - E\,C(x)))]

    With x real and y fake it is the discriminator's loss, with x fake and y real the
    generator's. Relativistic average GAN (Jolicoeur-Martineau, ICLR 2019), section 4.

    Args:
        loss_weight: factor.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, wanted: Tensor, other: Tensor) -> Tensor:
        """
        Args:
            wanted: logits C(x) of the samples that are to look more real, any shape.
            other: logits C(y).

        Returns:
            Scalar.
        """
        above, below = wanted - other.mean(), other - wanted.mean()
        return self.loss_weight * (F.softplus(-above).mean() + F.softplus(below).mean())
