"""The last step: from results to an item."""
import torch
from mmcv.transforms import BaseTransform

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
