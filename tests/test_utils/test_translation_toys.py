import numpy as np
import pytest

from genzoo.utils.translation_toys import SCENE_A, SCENE_B, from_bytes, nearest_colour, to_bytes


def test_the_colours_favour_the_right_translation_over_the_swapped_one_without_giving_it_away():
    steps = [np.subtract(scene['shape'], scene['background']) for scene in (SCENE_A, SCENE_B)]
    cosine = steps[0] @ steps[1] / np.prod([np.linalg.norm(step) for step in steps])
    assert cosine == pytest.approx(0.5, abs=0.05)


def test_bytes_come_back_to_within_half_a_step():
    values = np.linspace(-1, 1, 1001)
    assert np.abs(from_bytes(to_bytes(values)) - values).max() <= 0.5 / 127.5 + 1e-6


def test_each_pixel_gets_the_colour_that_it_is_nearest_to():
    colours = [(-1, -1, -1), (1, 1, 1), (1, -1, -1)]
    image = np.array([(0.9, -0.8, -1), (-0.2, -0.1, -0.3), (0.3, 0.1, 0.3)]).T[None, :, None]
    assert nearest_colour(image, colours).tolist() == [[[2, 0, 1]]]
