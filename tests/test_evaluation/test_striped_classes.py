import numpy as np
import pytest
import torch

from genzoo.datasets import StripedLabelsDataset
from genzoo.datasets.toy.striped_labels import paint_labels
from genzoo.evaluation import StripedClasses


def judge(draw, count=32):
    """The metric of images that ``draw`` paints of the label maps."""
    data = StripedLabelsDataset('test', length=count)
    labels = [data[index]['inputs']['label'] for index in range(count)]
    samples = [dict(key=str(number), label=label,
                    fake_img=torch.from_numpy(draw(label[0].numpy()).transpose(2, 0, 1).copy()))
               for number, label in enumerate(labels)]
    metric = StripedClasses()
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


def test_the_pictures_themselves_are_right():
    result = judge(lambda labels: paint_labels(labels, 0.15))
    assert result['colour_accuracy'] == 1
    assert result['colour_error'] < 0.03


def test_the_next_class_everywhere_is_wrong_everywhere():
    result = judge(lambda labels: paint_labels((labels + 1) % 4, 0.15))
    assert result['colour_accuracy'] == 0
    assert result['colour_error'] > 1


def test_one_class_everywhere_is_right_by_chance():
    result = judge(lambda labels: paint_labels(np.zeros_like(labels), 0.15))
    assert result['colour_accuracy'] == pytest.approx(0.25, abs=0.08)
