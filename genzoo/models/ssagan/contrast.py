"""DAMSM's contrast between the samples of a batch, on one process or over all of them."""
from torch import Tensor, nn
from torch.nn import functional as F

from ..base import gather_rows


def pad_words(words: Tensor, length: int) -> Tensor:
    """Word vectors (B, D, L) with zeros up to ``length`` words."""
    return F.pad(words, (0, length - words.shape[2]))


def damsm_losses(loss: nn.Module, features: tuple[Tensor, Tensor], words: Tensor, sentence: Tensor,
                 lengths: Tensor, class_ids: Tensor, gather: bool) -> dict[str, Tensor]:
    """The DAMSM loss of a batch, against its own samples or those of all ranks.

    Args:
        loss: e.g. :class:`~genzoo.models.losses.DAMSMLoss`.
        features: regions (B, D, h, w) and code (B, D) of the images.
        words: (B, D, L); with ``gather``, L must be the same on every rank.
        sentence: (B, D).
        lengths: (B,).
        class_ids: (B,).
        gather: over the batches of all ranks; the value is that of the whole, the gradient this rank's
            part of it.

    Returns:
        Scalars by name.
    """
    rows = [*features, words, sentence, lengths, class_ids]
    if not gather:
        return loss(*rows)
    gathered = [gather_rows(part) for part in rows]
    world_size = len(gathered[1]) // len(features[1])
    # Every rank has the whole loss but only its rows' gradient, and gradients are averaged over ranks.
    return {key: _scale_gradient(value, world_size) for key, value in loss(*gathered).items()}


def _scale_gradient(value: Tensor, factor: float) -> Tensor:
    """``value`` itself, whose gradient counts ``factor`` times."""
    return value.detach() + factor * (value - value.detach())
