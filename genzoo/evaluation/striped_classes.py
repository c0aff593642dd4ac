"""Do images of the paired toy show the classes that their label maps ask for?"""
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..registry import METRICS
from ..utils.translation_toys import CLASS_COLOURS, from_bytes, nearest_colour
from .common import field_of, log_protocol

NUM_CLASSES = len(CLASS_COLOURS)


def class_sums(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What one image adds to the sums of each class.

    Args:
        image: (3, H, W) in [-1, 1].
        labels: (H, W) integers in 0..3.

    Returns:
        (4, 5), a class a row: sum of its pixels' RGB, their number, and how many of them are nearest to
        the class's own colour.
    """
    right = nearest_colour(image[None], CLASS_COLOURS)[0] == labels
    values = np.concatenate([image, np.ones_like(image[:1]), right[None]]).reshape(5, -1).astype(np.float64)
    return np.stack([values[:, labels.ravel() == number].sum(axis=1) for number in range(NUM_CLASSES)])


@METRICS.register_module()
class StripedClasses(BaseMetric):
    """Compares images of the paired toy with their label maps.

    * ``colour_error``: greatest difference, over classes and RGB, of the mean colour of all pixels of a class
      from what it should be, in units of [-1, 1];
    * ``colour_accuracy``: share of pixels nearest to the colour of their own class; 0.25 by chance.

    Needs ``fake_img`` (3, H, W) uint8 and ``label`` (1, H, W), see
    :class:`~genzoo.datasets.StripedLabelsDataset`.
    """

    default_prefix = 'StripedClasses'

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the sums of each image."""
        images = field_of(data_samples, 'fake_img', 'The model must generate one.')
        labels = field_of(data_samples, 'label', 'The model must hand on the label map.')
        self.results += [class_sums(from_bytes(image.cpu().numpy()), label[0].cpu().numpy())
                         for image, label in zip(images, labels)]

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """What the class says; classes that no label map has are left out."""
        sums = np.sum(results, axis=0)
        met = sums[:, 3] > 0
        means = sums[met, :3] / sums[met, 3:4]
        log_protocol(self, f'no network; {len(results)} images against their label maps')
        return dict(colour_error=float(np.abs(means - np.array(CLASS_COLOURS)[met]).max()),
                    colour_accuracy=float(sums[:, 4].sum() / sums[:, 3].sum()))
