import pytest
import torch

from genzoo.errors import ConfigError, DataError
from genzoo.models.monce import encode_labels, instance_edges


def test_labels_become_channels():
    labels = torch.tensor([[[[0, 2], [1, 2]]]])
    assert encode_labels(labels, 3).argmax(1).tolist() == [[[0, 2], [1, 2]]]


def test_glasses_are_two_classes_as_released_and_one_in_the_sensible_reading():
    labels = torch.tensor([[[[5, 13]], [[0, 1]]]])
    released, sensible = (encode_labels(labels, 19, mode)[0, :, 0] for mode in ('multi_hot', 'one_hot_glasses'))
    assert [column.nonzero().flatten().tolist() for column in released.T] == [[0, 5], [1, 13]]
    assert [column.nonzero().flatten().tolist() for column in sensible.T] == [[5], [16]]


def test_labels_that_are_no_class_and_wrong_channels_are_refused():
    with pytest.raises(DataError, match='item 0 of a batch: a label map with the value 7; the model has 5 classes'):
        encode_labels(torch.tensor([[[[0, 7]]]]), 5)
    with pytest.raises(DataError, match="2 channels; 'index' labels of 5 classes have 1"):
        encode_labels(torch.zeros(1, 2, 3, 3, dtype=torch.long), 5)
    with pytest.raises(ConfigError, match='is none of index, multi_hot, one_hot_glasses, dense'):
        encode_labels(torch.zeros(1, 1, 3, 3), 5, 'onehot')


def test_both_pixels_of_differing_neighbours_are_edges():
    instances = torch.tensor([[[[1, 1, 2], [1, 1, 2], [1, 1, 1]]]])
    assert instance_edges(instances)[0, 0].tolist() == [[0, 1, 1], [0, 1, 1], [0, 0, 1]]
