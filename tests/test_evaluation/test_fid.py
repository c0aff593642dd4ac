import numpy as np
import pytest
import scipy.linalg
import torch

from genzoo.errors import DataError
from genzoo.evaluation import FID, feature_statistics, frechet_distance

NETWORK = dict(type='TestCountingFeatures')


def _random_covariance(size, seed):
    root = np.random.RandomState(seed).randn(size, 2 * size)
    return root @ root.T / size


def test_equal_gaussians_are_at_distance_zero():
    covariance = _random_covariance(6, 0)
    assert frechet_distance(np.ones(6), covariance, np.ones(6), covariance) == pytest.approx(0, abs=1e-9)


def test_shifted_gaussians_are_at_the_squared_shift():
    covariance = _random_covariance(3, 0)
    distance = frechet_distance(np.zeros(3), covariance, np.array([1., 2., 2.]), covariance)
    assert distance == pytest.approx(9)


def test_commuting_gaussians_have_the_closed_form():
    """Diagonal covariances: the sum of squared differences of standard deviations."""
    first, second = np.array([1., 4., 9.]), np.array([4., 4., 1.])
    distance = frechet_distance(np.zeros(3), np.diag(first), np.zeros(3), np.diag(second))
    assert distance == pytest.approx(1 + 0 + 4)


def test_general_covariances_agree_with_the_matrix_square_root():
    first, second = _random_covariance(8, 1), _random_covariance(8, 2)
    expected = np.trace(first + second - 2 * scipy.linalg.sqrtm(first @ second).real)
    assert frechet_distance(np.zeros(8), first, np.zeros(8), second) == pytest.approx(expected)


def test_singular_covariances_are_fine():
    direction = np.array([[3.], [4.]])
    distance = frechet_distance(np.zeros(2), direction @ direction.T, np.zeros(2), np.zeros((2, 2)))
    assert distance == pytest.approx(25)


def test_statistics_are_mean_and_unbiased_covariance():
    mean, covariance = feature_statistics(np.array([[0., 0.], [2., 4.]], dtype=np.float32))
    assert mean.tolist() == [1, 2]
    assert covariance.tolist() == [[2, 4], [4, 8]]
    assert covariance.dtype == np.float64


def _colours(seed, count):
    rng = np.random.RandomState(seed)
    return torch.from_numpy(rng.randint(0, 256, (count, 3, 1, 1)).astype(np.uint8)).expand(-1, -1, 2, 2)


def _samples(fakes, reals, keys):
    return [dict(key=key, fake_img=fake, gt_img=real) for fake, real, key in zip(fakes, reals, keys)]


def _expected(fakes, reals):
    features = [images[:, :, 0, 0].numpy() / 127.5 - 1 for images in (fakes, reals)]
    return frechet_distance(*feature_statistics(features[0]), *feature_statistics(features[1]))


def test_metric_compares_fake_with_real_features():
    fakes, reals = _colours(0, 6), _colours(1, 6)
    metric = FID(NETWORK)
    metric.process(None, _samples(fakes, reals, 'abcdef'))
    result = metric.evaluate(6)
    assert result['FID/fid'] == pytest.approx(_expected(fakes, reals), rel=1e-5)
    assert (result['FID/num_fake'], result['FID/num_real']) == (6, 6)


def test_each_real_image_counts_once_however_often_it_is_met():
    fakes, reals = _colours(0, 8), _colours(1, 4)
    metric = FID(NETWORK)
    for part in (slice(0, 3), slice(3, 8)):
        metric.process(None, _samples(fakes[part], reals.repeat_interleave(2, 0)[part], 'aabbccdd'[part]))
    result = metric.evaluate(8)
    assert result['FID/fid'] == pytest.approx(_expected(fakes, reals), rel=1e-5)
    assert (result['FID/num_fake'], result['FID/num_real']) == (8, 4)


@pytest.mark.parametrize('world_size', [2, 3])
def test_ranks_together_count_each_sample_once(run_on_ranks, world_size):
    """Five samples on two or three ranks: some are padded, and one real image is met by two ranks."""
    fakes, reals = _colours(0, 5), _colours(1, 4)[[0, 0, 1, 2, 3]]
    result = run_on_ranks(lambda: FID(NETWORK), _samples(fakes, reals, 'aabcd'), world_size)
    assert (result['num_fake'], result['num_real']) == (5, 4)
    assert result['fid'] == pytest.approx(_expected(fakes, reals[1:]), rel=1e-5)


def test_a_second_evaluation_sees_the_real_images_again():
    metric = FID(NETWORK)
    samples = _samples(_colours(0, 5), _colours(1, 5), 'abcde')
    results = []
    for _ in range(2):
        metric.process(None, samples)
        results.append(metric.evaluate(5))
    assert results[0] == results[1]


def test_a_file_of_statistics_stands_in_for_real_images(tmp_path):
    fakes, reals = _colours(0, 6), _colours(1, 6)
    mean, covariance = feature_statistics(reals[:, :, 0, 0].numpy() / 127.5 - 1)
    np.savez(tmp_path / 'real.npz', mu=mean, sigma=covariance)
    metric = FID(NETWORK, real_statistics=tmp_path / 'real.npz')
    metric.process(None, [dict(key=str(i), fake_img=fake) for i, fake in enumerate(fakes)])
    result = metric.evaluate(6)
    assert result['FID/fid'] == pytest.approx(_expected(fakes, reals), rel=1e-5)
    assert 'FID/num_real' not in result


def test_statistics_of_another_network_are_refused(tmp_path):
    np.savez(tmp_path / 'real.npz', mu=np.zeros(2048), sigma=np.eye(2048))
    metric = FID(NETWORK, real_statistics=tmp_path / 'real.npz')
    metric.process(None, _samples(_colours(0, 4), _colours(1, 4), 'abcd'))
    with pytest.raises(DataError, match='real.npz.*2048 features.*gives 3'):
        metric.evaluate(4)


@pytest.mark.parametrize('content', [dict(mu=np.zeros(3)), None])
def test_a_broken_file_of_statistics_is_named(tmp_path, content):
    path = tmp_path / 'real.npz'
    path.write_bytes(b'PK broken') if content is None else np.savez(path, **content)
    with pytest.raises(DataError, match='real.npz.*mu and sigma'):
        FID(NETWORK, real_statistics=path)


def test_missing_real_images_are_named_with_a_remedy():
    with pytest.raises(DataError, match="'bird1'.*gt_img.*real_statistics"):
        FID(NETWORK).process(None, [dict(key='bird1', fake_img=_colours(0, 1)[0])])


def test_a_single_image_has_no_distance():
    metric = FID(NETWORK)
    metric.process(None, _samples(_colours(0, 1), _colours(1, 1), 'a'))
    with pytest.raises(DataError, match='1 generated and 1 real'):
        metric.evaluate(1)


def test_one_line_names_file_resize_and_counts(logged):
    metric = FID(NETWORK)
    metric.process(None, _samples(_colours(0, 5), _colours(1, 5), 'abcde'))
    metric.evaluate(5)
    assert logged == ['FID: TestCountingFeatures counting.pth, no resize; '
                      '5 generated images against 5 real images; pool3, covariance divided by N - 1']


def test_the_divisor_of_the_covariance_is_chosen():
    features = np.array([[0., 0.], [2., 4.]])
    assert feature_statistics(features, unbiased=False)[1].tolist() == [[1, 2], [2, 4]]
    results = []
    for unbiased in (True, False):
        metric = FID(NETWORK, unbiased=unbiased)
        metric.process(None, _samples(_colours(0, 6), _colours(1, 6), 'abcdef'))
        results.append(metric.evaluate(6)['FID/fid'])
    assert results[1] != results[0]
