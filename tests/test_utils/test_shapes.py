import numpy as np
import pytest

from genzoo.utils.shapes import ATTRIBUTES, CAPTIONS, attributes_of, caption_attributes, read_attributes


def picture(background, colour, half_side, size=32):
    image = np.full((3, size, size), background, dtype=np.float32)
    middle = slice(size // 2 - half_side, size // 2 + half_side)
    image[:, middle, middle] = np.float32(colour)[:, None, None]
    return image


def test_there_are_108_captions_and_each_says_its_attributes():
    assert len(set(CAPTIONS)) == 108
    assert all(caption_attributes(CAPTIONS[index]) == attributes_of(index) for index in range(108))


def test_what_a_caption_leaves_unsaid_is_left_out():
    assert caption_attributes('red cross with a grey background') == dict(colour=0, shape=2, background=2)


def test_attributes_are_read_off_floats_and_bytes_alike():
    images = np.stack([picture(.5, (.6, .1, .7), 5), picture(.95, (.95, .9, .1), 9)])
    for version in (images, np.uint8(images * 255)):
        read = read_attributes(version)
        assert [ATTRIBUTES['background'][index] for index in read['background']] == ['grey', 'white']
        assert [ATTRIBUTES['colour'][index] for index in read['colour']] == ['purple', 'yellow']
        assert [ATTRIBUTES['size'][index] for index in read['size']] == ['small', 'large']
        assert read['foreground'].sum((1, 2)).tolist() == [100, 324]


def test_an_image_without_a_shape_has_no_colour_and_no_size():
    read = read_attributes(np.zeros((1, 3, 32, 32), dtype=np.uint8))
    assert (read['background'][0], read['colour'][0], read['size'][0]) == (0, -1, -1)
    assert not read['foreground'].any()


def test_lone_pixels_do_not_make_a_shape_large():
    image = picture(.05, (.9, .1, .1), 5)
    image[0, ::3, 2] = .9
    image[0, 30, ::8] = .9
    assert read_attributes(image[None])['size'][0] == 0


def test_images_of_another_layout_are_refused():
    with pytest.raises(ValueError, match=r'\(1, 32, 32, 3\)'):
        read_attributes(np.zeros((1, 32, 32, 3)))
