"""The adversarial loss of text-to-image models that also show mismatching pairs."""
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS


@MODELS.register_module()
class HingeMatchingGANLoss(nn.Module):
    r"""Hinge loss over matching, mismatching and generated pairs of image and sentence.

    .. math:: L_D = E[(1 - D(x, s))_+] + \tfrac12 E[(1 + D(\tilde x, s))_+]
        + \tfrac12 E[(1 + D(x, s'))_+], \qquad L_G = -E[D(\tilde x, s)]

    SSA-GAN (Liao et al., CVPR 2022), section 3.4, after DF-GAN.
    """

    def discriminator(self, real: Tensor, mismatching: Tensor, fake: Tensor,
                      mismatching_weight: float = 1.0) -> dict[str, Tensor]:
        """The three parts of the discriminator's loss, with their weights.

        Args:
            real: logits of matching pairs, of any shape.
            mismatching: logits of real images with other images' sentences; a rank may have none.
            fake: logits of generated images with their sentences.
            mismatching_weight: corrects the mean over ``mismatching`` where a rank has another
                share of these pairs than of the batch.

        Returns:
            Scalars ``loss_d_real``, ``loss_d_mismatching``, ``loss_d_fake``; their sum is
            :math:`L_D`.
        """
        paid = F.relu(1 + mismatching)
        paid = paid.mean() if len(paid) else paid.sum()  # the mean over no pairs would be NaN
        return dict(
            loss_d_real=F.relu(1 - real).mean(),
            loss_d_mismatching=0.5 * mismatching_weight * paid,
            loss_d_fake=0.5 * F.relu(1 + fake).mean())

    def forward(self, fake: Tensor) -> Tensor:
        """The generator's loss, a scalar."""
        return -fake.mean()
