"""Are the classes that a segmentation network sees in generated images those of the true label maps?"""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import DataError
from ..registry import METRICS
from ..utils import require_folder
from ..utils.label_maps import read_label
from .common import field_of, log_protocol


def confusion_matrix(predicted: np.ndarray, true: np.ndarray, num_classes: int) -> np.ndarray:
    """How often which class was seen in place of which.

    Args:
        predicted: integers in 0..num_classes-1, of any shape.
        true: like ``predicted``.
        num_classes: C.

    Returns:
        (C, C) int64, true class a row, predicted class a column.
    """
    counts = np.bincount(num_classes * true.ravel() + predicted.ravel(), minlength=num_classes ** 2)
    return counts.reshape(num_classes, num_classes)


def _defined_ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part / whole``; NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def class_ious(confusion: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, (C,); NaN for one that is neither true nor predicted anywhere."""
    right = np.diagonal(confusion)
    return _defined_ratio(right, confusion.sum(axis=0) + confusion.sum(axis=1) - right)


def class_recalls(confusion: np.ndarray) -> np.ndarray:
    """Share of each class's true pixels that were predicted so, (C,); NaN for a class without any."""
    return _defined_ratio(np.diagonal(confusion), confusion.sum(axis=1))


@METRICS.register_module()
class SegmentationAccuracy(BaseMetric):
    """Compares predicted with true label maps: pixAcc, classAcc and the mean IoU, in 0..1, over all images together.

    The label maps of generated images come from a segmentation network of your choice, either as a
    field of the data samples or as a folder of files named ``<key>.png``. Published Cityscapes
    numbers rest on a DRN-D-22 on images of 256 x 128 pixels, which its authors never published, so no
    parity can be claimed.

    Example::

        test_evaluator = dict(
            type='SegmentationAccuracy', num_classes=19, ignore_index=255,
            pred_dir='drn_output', gt_dir='gtFine_trainIds_256x128')

    Args:
        num_classes: C; classes are 0..C-1.
        ignore_index: true pixels of this value do not count.
        pred_dir: folder of predicted label maps. None: the samples' field ``pred_label``.
        gt_dir: folder of true label maps. None: the samples' field ``label``.
        collect_device, prefix: see mmengine's ``BaseMetric``.

    Raises:
        DataError: a folder is missing.
    """

    default_prefix = 'SegmentationAccuracy'

    def __init__(self, num_classes: int, ignore_index: int | None = 255, pred_dir: str | Path | None = None,
                 gt_dir: str | Path | None = None, **base_args) -> None:
        super().__init__(**base_args)
        self.num_classes, self.ignore_index = num_classes, ignore_index
        self.pred_dir, self.gt_dir = (
            path and require_folder(path, f'the folder of {kind} label maps', 'Check the path.')
            for kind, path in (('predicted', pred_dir), ('true', gt_dir)))

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the confusions of each image.

        Raises:
            DataError: a map is missing, of another size than its partner, or has values that are no classes.
        """
        predicted = self._maps(data_samples, self.pred_dir, 'pred_label', 'predicted')
        true = self._maps(data_samples, self.gt_dir, 'label', 'true')
        for sample, *maps in zip(data_samples, predicted, true):
            matrix = self._confusion(sample['key'], *maps).ravel()
            met = matrix.nonzero()[0]  # most classes do not meet in one image
            self.results.append((met, matrix[met]))

    @staticmethod
    def _maps(data_samples: Sequence[dict], folder: Path | None, field: str, kind: str) -> list[np.ndarray]:
        if folder is not None:
            return [read_label(folder / f'{sample["key"]}.png', f'the {kind} label map') for sample in data_samples]
        remedy = ('Run a segmentation network on the generated images and name the folder of its label maps, pred_dir.'
                  if kind == 'predicted' else 'Give it, or name a folder of true label maps, gt_dir.')
        values: list[Tensor] = field_of(data_samples, field, remedy)
        return [torch.as_tensor(value).cpu().numpy() for value in values]

    def _confusion(self, key: str, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
        sizes = predicted.shape[-2:], true.shape[-2:]
        if sizes[0] != sizes[1] or predicted.size != true.size:
            raise DataError(f'data sample {key!r}: the predicted label map is {predicted.shape}, the true one '
                            f'{true.shape}. Bring both to one size, label maps by nearest neighbour.')
        predicted, true = predicted.ravel(), true.ravel()
        counted = np.ones(true.shape, bool) if self.ignore_index is None else true != self.ignore_index
        predicted, true = predicted[counted].astype(np.int64), true[counted].astype(np.int64)
        for kind, values in (('predicted', predicted), ('true', true)):
            self._require_classes(key, kind, values)
        return confusion_matrix(predicted, true, self.num_classes)

    def _require_classes(self, key: str, kind: str, values: np.ndarray) -> None:
        outside = (values < 0) | (values >= self.num_classes)
        if outside.any():
            raise DataError(f'data sample {key!r}: the {kind} label map has the value {values[outside][0]}, but '
                            f'num_classes={self.num_classes} and ignore_index={self.ignore_index}. Correct these, or '
                            'map the values to classes.')

    def compute_metrics(self, results: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
        """``mean_iou``, ``pix_acc`` (share of right pixels), ``class_acc`` (mean recall) and ``num_images``.

        A class that is nowhere true does not count in ``class_acc``, nor in ``mean_iou`` unless it was
        predicted. With no pixel that counts, all are NaN.
        """
        total = np.zeros(self.num_classes ** 2, np.int64)
        for places, counts in results:
            total[places] += counts
        confusion = total.reshape(self.num_classes, self.num_classes)
        ious, recalls = class_ious(confusion), class_recalls(confusion)
        log_protocol(self, f'{len(results)} images, {int((confusion.sum(axis=1) > 0).sum())} of {self.num_classes} '
                     f'classes met, ignore_index {self.ignore_index}; IoU by class '
                     f'{", ".join(f"{value:.3f}" for value in ious)}')
        pix_acc = np.trace(confusion) / confusion.sum() if confusion.any() else np.nan
        return dict(mean_iou=_mean(ious), pix_acc=float(pix_acc), class_acc=_mean(recalls), num_images=len(results))


def _mean(values: np.ndarray) -> float:
    """Over what is defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float('nan')
