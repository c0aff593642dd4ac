import numpy as np

from genzoo.utils.label_maps import label_colours


def test_the_first_classes_have_the_colours_of_pascal_voc():
    assert label_colours(5).tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]]


def test_no_two_of_256_classes_share_a_colour():
    assert len(np.unique(label_colours(), axis=0)) == 256
    assert np.array_equal(label_colours(300)[:256], label_colours())
