import numpy as np
import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import KID, kernel_distance
from genzoo.evaluation.kid import squared_mmd


def _brute_force(real, fake):
    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    count = len(real)
    pairs = [(i, j) for i in range(count) for j in range(count)]
    within = sum(kernel(x[i], x[j]) for x in (real, fake) for i, j in pairs if i != j) / (count * (count - 1))
    return within - 2 * sum(kernel(real[i], fake[j]) for i, j in pairs) / count ** 2


def test_estimate_is_the_sum_over_pairs():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(5, 3)), rng.normal(1, 1, size=(5, 3))
    assert squared_mmd(real, fake) == pytest.approx(_brute_force(real, fake))


def test_two_constant_sets_have_the_closed_form():
    """Of x = 1 and y = 3 in one dimension: k(x, x) + k(y, y) - 2 k(x, y) = 8 + 1000 - 2 * 64."""
    mean, std = kernel_distance(np.full((4, 1), 1.), np.full((6, 1), 3.), num_subsets=3)
    assert (mean, std) == (pytest.approx(880), pytest.approx(0))


def test_samples_of_one_distribution_are_at_distance_zero_on_average():
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(400, 4)), rng.normal(size=(300, 4))
    mean, std = kernel_distance(real, fake, num_subsets=50, max_subset_size=100)
    assert abs(mean) < std
    assert kernel_distance(real, fake + .5, num_subsets=50, max_subset_size=100)[0] > 5 * std


def test_the_seed_decides_the_subsets():
    features = np.random.default_rng(2).normal(size=(2, 40, 3))
    values = [kernel_distance(*features, 3, 10, np.random.default_rng(seed))[0] for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_the_metric_reports_subsets_and_counts(logged, compared_images):
    metric = KID(dict(type='TestCountingFeatures'), num_subsets=4, max_subset_size=5)
    metric.process(None, compared_images(8, 6))
    result = metric.evaluate(8)
    assert (result['KID/num_fake'], result['KID/num_real']) == (8, 6)
    assert result['KID/kid'] > 0
    assert logged == ['KID: TestCountingFeatures counting.pth, no resize; 8 generated images against 6 real '
                      'images; pool3, mean of 4 subsets of 5, seed 0']


def test_one_image_is_refused():
    metric = KID(dict(type='TestCountingFeatures'))
    metric.process(None, [dict(key='a', fake_img=torch.zeros(3, 2, 2, dtype=torch.uint8),
                               gt_img=torch.zeros(3, 2, 2, dtype=torch.uint8))])
    with pytest.raises(DataError, match='KID: 1 generated and 1 real'):
        metric.evaluate(1)
