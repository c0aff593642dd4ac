"""The last step: from results to an item."""
from collections.abc import Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from PIL import Image

from ...registry import TRANSFORMS
from ...structures import DataSample
from .image import to_array


@TRANSFORMS.register_module()
class PackTextImage(BaseTransform):
    """Packs an image and its caption into ``inputs`` and ``data_samples``.

    ``inputs``: ``img`` uint8 (3, H, W), RGB; ``caption_ids`` int64 (max_words,), 0-padded;
    ``caption_length`` int64 (); ``class_id`` int64 (). ``data_samples``: ``key``, ``caption``
    and ``caption_index``.
    """

    def transform(self, results: dict) -> dict:
        """
        Args:
            results: with ``img`` (picture or (H, W, 3) uint8), ``caption_ids``,
                ``caption_length``, ``class_id``, ``key``, ``caption`` and ``caption_index``.
        """
        inputs = dict(
            img=torch.from_numpy(to_array(results['img'])),
            caption_ids=torch.from_numpy(results['caption_ids']),
            caption_length=torch.tensor(results['caption_length']),
            class_id=torch.tensor(results['class_id']))
        sample = DataSample(key=results['key'], caption=results['caption'],
                            caption_index=results['caption_index'])
        return dict(inputs=inputs, data_samples=sample)


@TRANSFORMS.register_module()
class PackUnpairedImages(BaseTransform):
    """Packs an image of each of two domains.

    ``inputs``: ``img_a`` and ``img_b``, uint8 (3, H, W), RGB. ``data_samples``: ``key`` and
    ``img_path``, both of the input image, and ``gt_key``, of the target image.
    """

    def transform(self, results: dict) -> dict:
        """
        Args:
            results: with the pictures ``img_a`` and ``img_b``, ``img_a_path``, ``key`` and ``gt_key``.
        """
        inputs = {key: torch.from_numpy(to_array(results[key])) for key in ('img_a', 'img_b')}
        sample = DataSample(key=results['key'], img_path=str(results['img_a_path']), gt_key=results['gt_key'])
        return dict(inputs=inputs, data_samples=sample)


@TRANSFORMS.register_module()
class PackLabelledImage(BaseTransform):
    """Packs an image and its label map.

    ``inputs``: ``img``, uint8 (3, H, W), RGB; ``label``, int64 (L, H, W), one class a pixel in each
    of its channels, of which a second is the mask of glasses; a dense label is float32 (S, H, W), taken
    as it is; ``instance``, int64 (1, H, W), where there is one. ``data_samples``: ``key`` and ``img_path``.
    """

    def transform(self, results: dict) -> dict:
        """
        Args:
            results: with ``img`` and ``label``, perhaps ``glasses`` and ``instance``, and with ``key`` and
                ``img_path``.
        """
        inputs = dict(label=self._label(results), img=torch.from_numpy(to_array(results['img'])))
        if results.get('instance') is not None:
            inputs['instance'] = _numbers([results['instance']])
        return dict(inputs=inputs, data_samples=DataSample(key=results['key'], img_path=str(results['img_path'])))

    @staticmethod
    def _label(results: dict) -> torch.Tensor:
        label = results['label']
        if isinstance(label, np.ndarray):
            return torch.from_numpy(label)
        return _numbers([label] if results.get('glasses') is None else [label, results['glasses']])


def _numbers(pictures: Sequence[Image.Image]) -> torch.Tensor:
    """(count, H, W) int64."""
    return torch.from_numpy(np.stack([np.asarray(picture, dtype=np.int64) for picture in pictures]))
