"""Penalties on the gradient of a discriminator with respect to its input."""
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ...registry import MODELS


def input_gradients(logits: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Gradients of the summed logits, differentiable once more, one row a sample.

    No gradient of a weight is computed on the way.

    Args:
        logits: of any shape, first dimension the batch.
        inputs: tensors (B, ...) that require gradients and that each sample's logit depends on.

    Returns:
        For each input (B, number of its values).
    """
    gradients = torch.autograd.grad(logits.sum(), list(inputs), create_graph=True)
    return [gradient.flatten(1) for gradient in gradients]


def _keep_all_weights_in_graph(penalty: Tensor, logits: Tensor) -> Tensor:
    """Gives weights that only shift the logits, such as biases, a gradient of zero instead of none.

    Distributed wrappers wait for every weight, and an optimiser then treats these weights as it
    does the others.
    """
    return penalty + 0 * logits.sum()


@MODELS.register_module()
class MatchingAwareGradientPenalty(nn.Module):
    r"""MA-GP: smooths the discriminator at real images with their own sentences.

    .. math:: L = k \, \frac1B \sum_i \lVert \nabla_{(x_i, s_i)} D(x_i, s_i) \rVert_2^p

    No interpolation, no epsilon under the root. DF-GAN (Tao et al., CVPR 2022), as used by
    SSA-GAN (Liao et al., CVPR 2022).

    Args:
        p: power of the norm.
        k: weight.
    """

    def __init__(self, p: float = 6, k: float = 2.0) -> None:
        super().__init__()
        self.p = p
        self.k = k

    def forward(self, logits: Tensor, images: Tensor, sentences: Tensor) -> Tensor:
        """
        Args:
            logits: D(images, sentences), first dimension B.
            images: (B, 3, H, W), a leaf that requires gradients.
            sentences: (B, D), a leaf that requires gradients.

        Returns:
            Scalar.
        """
        gradient = torch.cat(input_gradients(logits, (images, sentences)), dim=1)
        return _keep_all_weights_in_graph(self.k * gradient.norm(dim=1).pow(self.p).mean(), logits)


@MODELS.register_module()
class R1Penalty(nn.Module):
    r"""R1: :math:`\frac\gamma2 E[\lVert \nabla_x D(x) \rVert^2]` on real samples.

    Mescheder et al., ICML 2018.

    Args:
        gamma: :math:`\gamma`.
    """

    def __init__(self, gamma: float = 10.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, images: Tensor) -> Tensor:
        """
        Args:
            logits: D(images), first dimension B.
            images: (B, C, H, W), requires gradients.

        Returns:
            Scalar.
        """
        gradient, = input_gradients(logits, (images,))
        return _keep_all_weights_in_graph(self.gamma / 2 * gradient.square().sum(1).mean(), logits)


@MODELS.register_module()
class WassersteinGradientPenalty(nn.Module):
    r"""WGAN-GP: :math:`\lambda E[(\lVert \nabla D(\hat x) \rVert_2 - 1)^2]` between real and fake.

    Gulrajani et al., NeurIPS 2017.

    Args:
        loss_weight: :math:`\lambda`.
    """

    def __init__(self, loss_weight: float = 10.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
        """
        Args:
            discriminator: maps images to logits.
            real: (B, C, H, W).
            fake: (B, C, H, W).

        Returns:
            Scalar.
        """
        share = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)
        # Under autocast a generator's images have fewer bits than real ones.
        mixed = torch.lerp(fake.detach().to(real.dtype), real.detach(), share).requires_grad_()
        logits = discriminator(mixed)
        gradient, = input_gradients(logits, (mixed,))
        penalty = self.loss_weight * (gradient.norm(dim=1) - 1).square().mean()
        return _keep_all_weights_in_graph(penalty, logits)
