import numpy as np
import torch

from genzoo.visualization import colourised, label_colours, label_pictures


def test_a_label_is_shown_in_the_colours_of_its_classes():
    picture = colourised(torch.tensor([[0, 1], [299, -1]]))
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[[0, 0, 0], [128, 0, 0]], [label_colours(300)[299].tolist(), [224, 224, 224]]]


def test_each_channel_of_class_numbers_is_a_picture():
    pictures = label_pictures(torch.tensor([[[3]], [[1]]]))
    assert [picture.tolist() for picture in pictures] == [[[label_colours()[3].tolist()]], [[[128, 0, 0]]]]


def test_a_dense_label_is_shown_as_colour_and_the_rest_in_grey():
    label = torch.cat([torch.tensor([1., 0.5, 0.]), torch.full((17,), 0.2)])[:, None, None]
    assert [picture.tolist() for picture in label_pictures(label)] == [[[[255, 128, 0]]], [[[51, 51, 51]]]]


def test_few_dense_channels_are_grey_and_any_range_is_shown():
    pictures = label_pictures(torch.tensor([[[-1., 1.]], [[0., 4.]]]))
    assert [picture[0, :, 0].tolist() for picture in pictures] == [[0, 255], [0, 255]]
