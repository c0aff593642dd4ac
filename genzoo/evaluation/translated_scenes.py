"""Do translated toy scenes keep their shapes where they were?"""
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..registry import METRICS
from ..utils.translation_toys import SCENE_B, from_bytes, nearest_colour
from .common import field_of, log_protocol


def scene_counts(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What one translated scene adds to the sums.

    Args:
        image: (3, H, W) in [-1, 1].
        mask: (H, W) bool, the true foreground.

    Returns:
        (4,): pixels of the intersection and of the union of the true foreground with the pixels nearer to
        B's shape colour than to its background; sum of the absolute differences to B's background over
        the true background, mean over RGB; pixels of the true background.
    """
    seen = nearest_colour(image[None], [SCENE_B['background'], SCENE_B['shape']])[0] == 1
    error = np.abs(image - np.array(SCENE_B['background'])[:, None, None]).mean(axis=0)
    return np.array([(seen & mask).sum(), (seen | mask).sum(), error[~mask].sum(), (~mask).sum()], dtype=np.float64)


@METRICS.register_module()
class TranslatedScenes(BaseMetric):
    """Compares translations of A scenes of the unpaired toy with the scenes' true masks.

    * ``foreground_iou``: of the pixels nearer to B's shape colour than to B's background with the true
      mask, over all images together; about 0.16 if everything is foreground;
    * ``background_error``: mean absolute difference to B's background colour on the true background, in
      units of [-1, 1].

    Needs ``fake_img`` (uint8) and ``mask``, see :class:`~genzoo.datasets.UnpairedScenesDataset`.
    """

    default_prefix = 'TranslatedScenes'

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the counts of each image."""
        images = field_of(data_samples, 'fake_img', 'The model must generate one.')
        masks: list[Tensor] = field_of(data_samples, 'mask', 'Take UnpairedScenesDataset.')
        self.results += [scene_counts(from_bytes(image.cpu().numpy()), mask.cpu().numpy())
                         for image, mask in zip(images, masks)]

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """What the class says."""
        intersection, union, error, background = np.sum(results, axis=0).tolist()
        log_protocol(self, f'no network; {len(results)} translated scenes against their masks')
        return dict(foreground_iou=intersection / max(union, 1), background_error=error / max(background, 1))
