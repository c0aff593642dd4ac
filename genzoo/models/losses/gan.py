"""Adversarial losses on logits."""
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS

Logits = Tensor | Sequence

# For each kind: what the discriminator pays for real and for fake logits, and the generator
# for fake ones, element by element.
GAN_LOSSES: dict[str, tuple[Callable, Callable, Callable]] = {
    'hinge': (lambda x: F.relu(1 - x), lambda x: F.relu(1 + x), lambda x: -x),
    'lsgan': (lambda x: (x - 1).square(), lambda x: x.square(), lambda x: (x - 1).square()),
    'logistic': (lambda x: F.softplus(-x), F.softplus, lambda x: F.softplus(-x)),
    'wgan': (lambda x: -x, lambda x: x, lambda x: -x),
}


@MODELS.register_module()
class GANLoss(nn.Module):
    r"""The adversarial loss of a discriminator and of its generator.

    ============  ====================  ==================  ==================
    ``gan_type``  D on real             D on fake           G on fake
    ============  ====================  ==================  ==================
    hinge         relu(1 - x)           relu(1 + x)         -x
    lsgan         (x - 1)^2             x^2                 (x - 1)^2
    logistic      softplus(-x)          softplus(x)         softplus(-x)
    wgan          -x                    x                   -x
    ============  ====================  ==================  ==================

    ``logistic`` is the non-saturating loss of the original GAN; CUT's code calls it ``vanilla``, and
    ``nonsaturating`` where it is written with softplus.

    Args:
        gan_type: a row of the table.
        loss_weight: weight of the generator's loss; a discriminator has nothing to weigh it
            against.

    Raises:
        ConfigError: ``gan_type`` is none of the table's.
    """

    def __init__(self, gan_type: str = 'hinge', loss_weight: float = 1.0) -> None:
        super().__init__()
        if gan_type not in GAN_LOSSES:
            raise ConfigError(f'GANLoss: gan_type {gan_type!r} is none of {", ".join(GAN_LOSSES)}')
        self.gan_type = gan_type
        self.loss_weight = loss_weight
        self._on_real, self._on_fake, self._on_generated = GAN_LOSSES[gan_type]

    def discriminator(self, real: Logits, fake: Logits) -> Tensor:
        """The discriminator's loss: mean over real plus mean over fake logits, a scalar.

        Args:
            real: logits of any shape, or a list of them (one a scale), which are averaged with
                equal weight.
            fake: the same for generated samples.
        """
        return self.real_side(real) + self.fake_side(fake)

    def real_side(self, logits: Logits) -> Tensor:
        """What the discriminator pays for real samples."""
        return _mean_over_scales(self._on_real, logits)

    def fake_side(self, logits: Logits) -> Tensor:
        """What the discriminator pays for generated samples."""
        return _mean_over_scales(self._on_fake, logits)

    def forward(self, fake: Logits) -> Tensor:
        """The generator's loss, weighted, a scalar."""
        return self.loss_weight * _mean_over_scales(self._on_generated, fake)


def _mean_over_scales(loss: Callable, logits: Logits) -> Tensor:
    if isinstance(logits, Tensor):
        return loss(logits.to(torch.promote_types(logits.dtype, torch.float32))).mean()  # autocast or not
    return sum(_mean_over_scales(loss, scale) for scale in logits) / len(logits)
