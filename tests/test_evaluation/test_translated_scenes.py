import numpy as np
import pytest
import torch

from genzoo.datasets import UnpairedScenesDataset
from genzoo.datasets.toy.unpaired_scenes import colour_mask
from genzoo.errors import DataError
from genzoo.evaluation import TranslatedScenes
from genzoo.utils.translation_toys import SCENE_B, to_bytes


def judge(draw, count=64):
    """The metric of scenes that ``draw`` paints of the masks."""
    data = UnpairedScenesDataset('test', length=count)
    masks = [data[index]['data_samples'].mask for index in range(count)]
    samples = [dict(key=str(number), mask=mask, fake_img=torch.from_numpy(draw(mask.numpy()).transpose(2, 0, 1).copy()))
               for number, mask in enumerate(masks)]
    metric = TranslatedScenes()
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


def test_a_right_translation_has_iou_one_and_no_error():
    result = judge(lambda mask: colour_mask(mask, SCENE_B, 0., np.random.RandomState(0)))
    assert result['foreground_iou'] == 1
    assert result['background_error'] < 0.01  # 8 bits


def test_painting_everything_foreground_gives_the_share_of_the_shapes():
    result = judge(lambda mask: colour_mask(np.ones_like(mask), SCENE_B, 0., np.random.RandomState(0)))
    assert 0.12 < result['foreground_iou'] < 0.3


def test_convincing_scenes_with_shapes_elsewhere_are_told_apart():
    result = judge(lambda mask: colour_mask(np.roll(mask, 16, axis=1), SCENE_B, 0., np.random.RandomState(0)))
    assert result['foreground_iou'] < 0.2


def test_the_background_error_is_in_units_of_the_range_from_minus_one_to_one():
    shifted = np.array(SCENE_B['background']) - 0.2
    result = judge(lambda mask: to_bytes(np.broadcast_to(shifted, (*mask.shape, 3))))
    assert result['background_error'] == pytest.approx(0.2, abs=0.01)


def test_a_sample_without_its_mask_is_named():
    with pytest.raises(DataError, match="'a': it has no mask"):
        TranslatedScenes().process(None, [dict(key='a', fake_img=torch.zeros(3, 4, 4, dtype=torch.uint8))])
