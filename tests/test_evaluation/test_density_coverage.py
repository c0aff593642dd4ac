import numpy as np
import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import DensityCoverage, density_coverage

REAL = torch.tensor([[0.], [1.], [2.], [3.]])


def test_a_fake_in_each_of_all_balls_has_density_of_their_number():
    """Of k = 3 the radii are 3, 2, 2 and 3; 1.5 lies in all four balls."""
    assert density_coverage(REAL, torch.full((5, 1), 1.5), 3) == (pytest.approx(4 / 3), 1)


def test_far_fakes_have_neither():
    assert density_coverage(REAL, REAL + 100, 1) == (0, 0)


def test_coverage_is_the_share_of_reals_with_a_fake():
    density, coverage = density_coverage(REAL, torch.tensor([[0.5], [100.]]), 1)
    assert (density, coverage) == (1, .5)  # two balls for the first, none for the second


def test_the_border_of_a_ball_is_outside():
    assert density_coverage(REAL, torch.tensor([[4.]]), 1) == (0, 0)


def test_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(30, 3)), rng.normal(.7, 1, size=(20, 3))
    radius = np.array([sorted(np.linalg.norm(real - point, axis=1))[4] for point in real])
    inside = np.linalg.norm(real[:, None] - fake[None], axis=2) < radius[:, None]
    found = density_coverage(torch.from_numpy(real), torch.from_numpy(fake), 4)
    assert found == (pytest.approx(inside.sum() / (4 * 20)), pytest.approx(inside.any(axis=1).mean()))


def test_k_is_reported_and_bounded(logged, compared_images):
    metric = DensityCoverage(dict(type='TestCountingFeatures'), nearest_k=5)
    metric.process(None, compared_images(8, 6))
    assert metric.evaluate(8)['DensityCoverage/num_real'] == 6
    assert logged[0].endswith('k = 5')
    metric = DensityCoverage(dict(type='TestCountingFeatures'), nearest_k=95)
    metric.process(None, compared_images(8, 6))
    with pytest.raises(DataError, match='6 images have no 95-th neighbour'):
        metric.evaluate(8)
