import numpy as np
import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import neighbours
from genzoo.evaluation.neighbours import centred, neighbour_radii


def test_radius_reaches_the_kth_other_point():
    points = torch.tensor([[0.], [1.], [3.], [7.]])
    assert neighbour_radii(points, 1).tolist() == [1, 1, 2, 4]
    assert neighbour_radii(points, 3).tolist() == [7, 6, 4, 7]


def test_a_copy_counts_as_a_neighbour():
    assert neighbour_radii(torch.tensor([[2.], [2.], [5.]]), 1).tolist() == [0, 0, 3]


def test_blocks_change_nothing(monkeypatch):
    points = torch.randn(50, 4)
    whole = neighbour_radii(points, 3)
    monkeypatch.setattr(neighbours, '_ROWS', 7)
    torch.testing.assert_close(neighbour_radii(points, 3), whole)


def test_too_few_points_are_refused():
    with pytest.raises(DataError, match='4 images have no 4-th neighbour.*at most 3'):
        neighbour_radii(torch.zeros(4, 2), 4)


def test_centring_keeps_small_distances_far_from_the_origin():
    rng = np.random.default_rng(0)
    near = rng.normal(size=(40, 8))
    radii = neighbour_radii(centred((near + 1000).astype(np.float32), near, 'cpu')[0], 3)
    torch.testing.assert_close(radii, neighbour_radii(torch.from_numpy(near), 3).float(), rtol=1e-3, atol=0)
