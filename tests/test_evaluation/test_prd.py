
import numpy as np
import pytest

from genzoo.errors import ConfigError
from genzoo.evaluation import PRD, max_f_beta, prd_curve
from genzoo.evaluation.prd import cluster_histograms


def test_equal_histograms_reach_the_corner():
    precision, recall = prd_curve(np.array([.25, .75]), np.array([.25, .75]))
    assert (precision[500], recall[500]) == (pytest.approx(1), pytest.approx(1))  # at 45 degrees
    assert max_f_beta(precision, recall, 8) == pytest.approx(1)
    assert len(precision) == 1001


def test_disjoint_histograms_have_nothing():
    precision, recall = prd_curve(np.array([1., 0.]), np.array([0., 1.]))
    assert precision.max() == 0
    assert recall.max() == 0


def test_one_mode_of_two_is_precise_but_recalls_half():
    precision, recall = prd_curve(np.array([1., 0.]), np.array([.5, .5]))
    assert (precision.max(), recall.max()) == (pytest.approx(1), pytest.approx(.5))
    assert max_f_beta(precision, recall, 1 / 8) > .98
    assert max_f_beta(precision, recall, 8) < .51


def test_exchanged_sets_exchange_both_scores():
    """So MMVID's numbers, whose sets are exchanged, can be read off."""
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(6), 2)
    one, other = prd_curve(first, second), prd_curve(second, first)
    np.testing.assert_allclose(one[0], other[1][::-1], atol=1e-6)
    assert max_f_beta(*one, 8) == pytest.approx(max_f_beta(*other, 1 / 8))


def test_the_lack_of_scikit_learn_is_told_with_a_remedy(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f'No module named {name!r}')

    monkeypatch.setattr('genzoo.evaluation.common.import_module', missing)
    with pytest.raises(ConfigError, match='PRD: needs the Python package scikit-learn.*pip install scikit-learn'):
        PRD(dict(type='StubFeatures'))


def test_clusters_are_those_of_the_union():
    pytest.importorskip('sklearn')
    corners = np.array([[0., 0.], [0., 9.], [9., 0.], [9., 9.]]).repeat(8, 0)
    fake, real = cluster_histograms(corners[:16].repeat(2, 0), corners, 4, seed=0)
    assert sorted(fake.tolist()) == [0, 0, .5, .5]
    assert real.tolist() == [.25] * 4


def test_the_metric_compares_equally_many(logged, compared_images):
    pytest.importorskip('sklearn')
    metric = PRD(dict(type='TestCountingFeatures'), num_clusters=4, num_runs=2)
    metric.process(None, compared_images(20, 12))
    result = metric.evaluate(20)
    assert (result['PRD/num_fake'], result['PRD/num_real']) == (12, 12)
    assert 0 < result['PRD/f_8'] < 1
    assert 'drawn of 20 generated and 12 real ones; 4 clusters, 2 runs' in logged[0]


def test_equal_images_score_one():
    pytest.importorskip('sklearn')
    features = np.random.default_rng(0).normal(size=(40, 3))
    curve = prd_curve(*cluster_histograms(features, features, 5, seed=0))
    assert max_f_beta(*curve, 8) == pytest.approx(1)
