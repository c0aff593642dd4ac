r"""The losses of the deep attentional multimodal similarity model (DAMSM).

AttnGAN (Xu et al., CVPR 2018), section 3.2, as used by SSA-GAN (Liao et al., CVPR 2022). Symbols:
I images, C captions, L words of the longest caption, R regions, D channels.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS

EPS = 1e-8


def word_mask(lengths: Tensor, max_length: int, device: torch.device) -> Tensor:
    """True where a caption has a word, (C, L)."""
    return torch.arange(max_length, device=device) < lengths.to(device)[:, None]


def attend_to_regions(scores: Tensor, gamma1: float, mask: Tensor | None = None) -> Tensor:
    """Each word's attention over the regions: two softmaxes, the words first.

    Args:
        scores: products of words and regions, (..., R, L).
        gamma1: sharpness, multiplies what the first softmax gives.
        mask: True for words that exist, broadcastable to (..., 1, L); attention of the others
            is of no use.

    Returns:
        (..., R, L), summing to one over R.
    """
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return torch.softmax(gamma1 * torch.softmax(scores, dim=-1), dim=-2)


def word_similarities(regions: Tensor, words: Tensor, mask: Tensor, gamma1: float) -> Tensor:
    """Cosine of every word with what it attends to in every image.

    All pairs of image and caption at once.

    Args:
        regions: (I, D, R).
        words: (C, D, L).
        mask: True for words that exist, (C, L).
        gamma1: see :func:`attend_to_regions`.

    Returns:
        (I, C, L); meaningless where ``mask`` is False.
    """
    (images, _, num_regions), (captions, _, length) = regions.shape, words.shape
    flat_words = words.transpose(0, 1).flatten(1)  # (D, C * L)
    products = (regions.transpose(1, 2) @ flat_words).view(images, num_regions, captions, length)
    scores = products.transpose(1, 2)  # (I, C, R, L)
    attention = attend_to_regions(scores, gamma1, mask[:, None])
    dots = (attention * scores).sum(2)  # = context . word, since context = regions @ attention
    contexts = regions @ attention.transpose(1, 2).flatten(2)  # (I, D, C * L)
    context_norms = contexts.norm(dim=1).view(images, captions, length)
    return dots / (context_norms * words.norm(dim=1)).clamp(min=EPS)


def contrast(similarities: Tensor, class_ids: Tensor | None) -> tuple[Tensor, Tensor]:
    """Cross entropies of matching pairs against the others of the batch, both directions.

    Args:
        similarities: images x captions, (B, B); matching pairs on the diagonal.
        class_ids: (B,); other pairs of the same class do not count. None: all count.

    Returns:
        Two scalars: image to captions, caption to images.
    """
    if class_ids is not None:
        same = class_ids[:, None] == class_ids
        same.fill_diagonal_(False)
        similarities = similarities.masked_fill(same, -torch.inf)
    target = torch.arange(len(similarities), device=similarities.device)
    return F.cross_entropy(similarities, target), F.cross_entropy(similarities.T, target)


@MODELS.register_module()
class DAMSMWordsLoss(nn.Module):
    r"""Matches the words of a caption with the regions of its image.

    .. math:: S_{ji} = \gamma_3 \log \sum_w \exp(\gamma_2 \cos(c_w, e_w))

    Args:
        gamma1: sharpness of the attention.
        gamma2: sharpness of the sum over words.
        gamma3: sharpness of the contrast.
    """

    def __init__(self, gamma1: float = 5.0, gamma2: float = 5.0, gamma3: float = 10.0) -> None:
        super().__init__()
        self.gamma1 = gamma1
        self.gamma2 = gamma2
        self.gamma3 = gamma3

    def forward(self, regions: Tensor, words: Tensor, lengths: Tensor,
                class_ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """
        Args:
            regions: (B, D, h, w).
            words: (B, D, L).
            lengths: words in each caption, (B,).
            class_ids: see :func:`contrast`.

        Returns:
            Two scalars: image to captions, caption to images.
        """
        mask = word_mask(lengths, words.shape[2], words.device)
        cosines = word_similarities(regions.flatten(2), words, mask, self.gamma1)
        cosines = cosines.masked_fill(~mask, -torch.inf)
        return contrast(self.gamma3 * torch.logsumexp(self.gamma2 * cosines, dim=2), class_ids)


@MODELS.register_module()
class DAMSMSentenceLoss(nn.Module):
    r"""Matches a caption's sentence vector with its image's code: :math:`S = \gamma_3 \cos`.

    Args:
        gamma3: sharpness of the contrast.
    """

    def __init__(self, gamma3: float = 10.0) -> None:
        super().__init__()
        self.gamma3 = gamma3

    def forward(self, code: Tensor, sentence: Tensor,
                class_ids: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """
        Args:
            code: of the images, (B, D).
            sentence: (B, D).
            class_ids: see :func:`contrast`.

        Returns:
            Two scalars: image to captions, caption to images.
        """
        norms = code.norm(dim=1)[:, None] * sentence.norm(dim=1)
        return contrast(self.gamma3 * (code @ sentence.T) / norms.clamp(min=EPS), class_ids)


@MODELS.register_module()
class DAMSMLoss(nn.Module):
    """Words and sentence, both directions; in float32 also under autocast.

    Args:
        gamma1, gamma2, gamma3: see :class:`DAMSMWordsLoss`.
        loss_weight: of the whole.
        use_words: with the part on words.
        use_sent: with the part on sentences.
    """

    def __init__(self, gamma1: float = 5.0, gamma2: float = 5.0, gamma3: float = 10.0,
                 loss_weight: float = 1.0, use_words: bool = True, use_sent: bool = True) -> None:
        super().__init__()
        self.words = DAMSMWordsLoss(gamma1, gamma2, gamma3) if use_words else None
        self.sentence = DAMSMSentenceLoss(gamma3) if use_sent else None
        self.loss_weight = loss_weight

    def forward(self, regions: Tensor, code: Tensor, words: Tensor, sentence: Tensor, lengths: Tensor,
                class_ids: Tensor | None = None) -> dict[str, Tensor]:
        """
        Args:
            regions: (B, D, h, w).
            code: (B, D).
            words: (B, D, L).
            sentence: (B, D).
            lengths: (B,).
            class_ids: (B,).

        Returns:
            Scalars ``loss_words`` and ``loss_sentence``, as far as they are used.
        """
        losses = {}
        with torch.autocast(code.device.type, enabled=False):
            if self.words is not None:
                parts = self.words(regions.float(), words.float(), lengths, class_ids)
                losses['loss_words'] = self.loss_weight * sum(parts)
            if self.sentence is not None:
                parts = self.sentence(code.float(), sentence.float(), class_ids)
                losses['loss_sentence'] = self.loss_weight * sum(parts)
        return losses
