import numpy as np
import torch

from genzoo.datasets import StripedLabelsDataset
from genzoo.datasets.toy.striped_labels import paint_labels, stripes
from genzoo.utils.translation_toys import CLASS_COLOURS, from_bytes, nearest_colour


def items(count):
    data = StripedLabelsDataset('test')
    return [data[index] for index in range(count)]


def test_a_class_has_its_colour_on_the_mean():
    for number, colour in enumerate(CLASS_COLOURS):
        image = from_bytes(paint_labels(np.full((32, 32), number), 0.15))
        assert np.allclose(image.mean((0, 1)), colour, atol=0.01)
        assert np.allclose(image.std((0, 1)), 0.15, atol=0.01)


def test_the_patterns_of_two_classes_do_not_correlate():
    patterns = stripes(32).reshape(4, -1)
    assert np.allclose(patterns @ patterns.T / 32 ** 2, np.eye(4), atol=1e-6)


def test_the_colours_of_a_picture_tell_its_labels():
    for item in items(8):
        image = from_bytes(item['inputs']['img'].numpy()[None])
        assert np.array_equal(nearest_colour(image, CLASS_COLOURS), item['inputs']['label'].numpy())


def test_all_four_classes_are_about_equally_frequent():
    labels = np.stack([item['inputs']['label'].numpy() for item in items(200)])
    shares = np.bincount(labels.ravel(), minlength=4) / labels.size
    assert shares.min() > 0.2


def test_an_item_has_the_documented_fields():
    item = StripedLabelsDataset(size=64)[2]
    assert {name: (tuple(value.shape), value.dtype) for name, value in item['inputs'].items()} == dict(
        label=((1, 64, 64), torch.int64), img=((3, 64, 64), torch.uint8))
    assert item['data_samples'].key == 'train_000002'
    assert StripedLabelsDataset().metainfo['num_classes'] == 4
