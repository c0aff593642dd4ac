import numpy as np
import pytest
import torch

from genzoo.errors import ConfigError, DataError
from genzoo.evaluation import PrecisionRecall, precision_recall

LINE = torch.tensor([[0.], [1.], [2.], [3.]])


def test_equal_sets_have_both():
    assert precision_recall(LINE, LINE, 1) == (1, 1)


def test_far_sets_have_neither():
    assert precision_recall(LINE, LINE + 100, 1) == (0, 0)


def test_one_mode_of_two_is_precise_but_recalls_half():
    real = torch.cat([LINE, LINE + 100])
    assert precision_recall(real, LINE, 1) == (1, .5)
    assert precision_recall(LINE, real, 1) == (.5, 1)


def test_the_border_of_a_ball_is_inside():
    assert precision_recall(LINE, torch.tensor([[4.], [5.]]), 1) == (.5, .25)  # 3 + 1 = 4, and 4 - 1 = 3


def test_agrees_with_brute_force():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(30, 3)), rng.normal(.7, 1, size=(20, 3))

    def inside(probes, manifold, k=2):
        radius = [sorted(np.linalg.norm(manifold - point, axis=1))[k] for point in manifold]
        return np.mean([any(np.linalg.norm(probe - point) <= r for point, r in zip(manifold, radius))
                        for probe in probes])

    found = precision_recall(torch.from_numpy(real), torch.from_numpy(fake), 2)
    assert found == (pytest.approx(inside(fake, real)), pytest.approx(inside(real, fake)))
    assert 0 < found[0] < 1


def test_the_metric_reports_k_and_counts(logged, compared_images):
    metric = PrecisionRecall(dict(type='TestCountingFeatures'), nhood_size=2)
    metric.process(None, compared_images(8, 6))
    result = metric.evaluate(8)
    assert set(result) == {f'PrecisionRecall/{name}' for name in ('precision', 'recall', 'num_fake', 'num_real')}
    assert logged[0].endswith('8 generated images against 6 real images; pool3, k = 2')


def test_no_more_images_than_k_are_refused(compared_images):
    metric = PrecisionRecall(dict(type='TestCountingFeatures'))
    metric.process(None, compared_images(4, 3))
    with pytest.raises(DataError, match='PrecisionRecall: 4 generated and 3 real .* At least 4'):
        metric.evaluate(4)


def test_an_output_that_the_network_lacks_is_named(compared_images):
    with pytest.raises(ConfigError, match="feature='fc7'.*'pool3'"):
        PrecisionRecall(dict(type='StubFeatures'), feature='fc7').process(None, compared_images(4, 3))
