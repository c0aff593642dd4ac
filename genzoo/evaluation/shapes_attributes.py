"""Do generated toy images show what their captions say, and do the masks find it?"""
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..registry import METRICS
from ..utils.shapes import caption_attributes, read_attributes
from .common import field_of, log_protocol
from .shared_features import shared_network
from .text_image import image_codes, sentence_vectors, unit_rows

_READ = ('colour', 'background', 'size')
_MASKS = {'mask_correlation': -1, 'mask_correlation_previous': -2}


def mask_correlation(mask: Tensor, foreground: np.ndarray) -> float:
    """Absolute Pearson correlation of a mask with the foreground.

    Args:
        mask: (1, h, w) in (0, 1); enlarged as the generator enlarges masks.
        foreground: (H, W) bool.

    Returns:
        In 0..1; 0 if either is constant.
    """
    enlarged = F.interpolate(mask[None].float(), size=foreground.shape, mode='bilinear', align_corners=True)
    mask = enlarged[0, 0].double().cpu().numpy()
    if mask.std() < 1e-6 or foreground.std() == 0:
        return 0.
    return float(abs(np.corrcoef(mask.ravel(), foreground.ravel())[0, 1]))


def change_inside_foreground(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which share of the change lies where the shapes are.

    For pairs of images of the same noise whose captions differ in the colour word.

    Args:
        before: (N, 3, H, W) uint8.
        after: like ``before``.

    Returns:
        (N,) in 0..1: squared change inside the union of both foregrounds, of all squared
        change; 0 where nothing changed.
    """
    union = read_attributes(before)['foreground'] | read_attributes(after)['foreground']
    change = np.square(after.astype(np.float64) - before).sum(axis=1)
    total = change.sum(axis=(1, 2))
    inside = (change * union).sum(axis=(1, 2))
    return np.divide(inside, total, out=np.zeros_like(total), where=total > 0)


def relative_change(before: Tensor, after: Tensor) -> Tensor:
    """L2 norm of the change, relative to the L2 norm of what was there.

    Args:
        before: (N, ...), e.g. images in [-1, 1].
        after: like ``before``, e.g. images with all masks replaced by their mean.

    Returns:
        (N,).
    """
    before, after = before.flatten(1), after.flatten(1)
    return torch.linalg.vector_norm(after - before, dim=1) / torch.linalg.vector_norm(before, dim=1)


@METRICS.register_module()
class ShapesAttributes(BaseMetric):
    """Reads generated shapes and compares them with their captions.

    * ``colour``, ``background``, ``size``: share of images on which the attribute reads as the
      caption says, among captions that say it;
    * ``mask_correlation``, ``mask_correlation_previous``: absolute correlation of the last and
      the last but one mask with the image's own foreground, mean over images;
    * ``caption_top1``, ``caption_top1_real``: share of generated and of real images whose own
      caption has the greatest cosine among all distinct captions seen.

    Needs ``caption``, ``fake_img``, ``masks`` (at least two), ``gt_img``, ``caption_ids`` and
    ``caption_length``; the last three only with encoders.

    Args:
        text_encoder: config of a DAMSM text encoder; without it there is no ``caption_top1``.
        image_encoder: config of the image encoder that was trained with it.

    Raises:
        WeightsError: an encoder's file is missing or does not fit.
    """

    default_prefix = 'ShapesAttributes'

    def __init__(self, text_encoder: dict | None = None, image_encoder: dict | None = None,
                 **base_args) -> None:
        super().__init__(**base_args)
        self.text_encoder = text_encoder and shared_network(text_encoder)
        self.image_encoder = image_encoder and shared_network(image_encoder)

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Reads each image and keeps what it says."""
        images = field_of(data_samples, 'fake_img', 'The model must generate one.')
        seen = read_attributes(torch.stack(images).cpu().numpy())
        new = []
        for i, sample in enumerate(data_samples):
            said = caption_attributes(sample['caption'])
            right = {name: float(seen[name][i] == said[name]) for name in _READ if name in said}
            masks = {name: mask_correlation(sample['masks'][place], seen['foreground'][i])
                     for name, place in _MASKS.items()}
            new.append(dict(caption=sample['caption'], **right, **masks))
        self._add_vectors(new, data_samples)
        self.results.extend(new)

    def _add_vectors(self, results: list[dict], data_samples: Sequence[dict]) -> None:
        if self.text_encoder is None or self.image_encoder is None:
            return
        sentences = sentence_vectors(self.text_encoder, data_samples, self.dataset_meta)
        fakes = image_codes(self.image_encoder, data_samples, 'fake_img')
        reals = image_codes(self.image_encoder, data_samples, 'gt_img')
        for result, sentence, fake, real in zip(results, sentences, fakes, reals):
            result.update(sentence=sentence, fake_code=fake, real_code=real)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """The means over all samples."""
        metrics = {}
        for name in (*_READ, *_MASKS):
            values = [result[name] for result in results if name in result]
            metrics[name] = float(np.mean(values)) if values else 0.
        if 'sentence' in results[0]:
            metrics['caption_top1'] = _top1(results, 'fake_code')
            metrics['caption_top1_real'] = _top1(results, 'real_code')
        encoders = f'{self.text_encoder.description} and {self.image_encoder.description}; ' \
            if 'sentence' in results[0] else ''
        captions = len({result['caption'] for result in results})
        log_protocol(self, f'{encoders}{len(results)} generated images of {captions} captions')
        return metrics


def _top1(results: list[dict], code: str) -> float:
    """Share of images that find their own caption first among all distinct captions."""
    _, first, own = np.unique([result['caption'] for result in results], return_index=True,
                              return_inverse=True)
    sentences = unit_rows([results[i]['sentence'] for i in first])
    cosines = unit_rows([result[code] for result in results]) @ sentences.T
    return float((cosines.argmax(axis=1) == own).mean())
