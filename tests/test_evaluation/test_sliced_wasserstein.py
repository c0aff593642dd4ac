import numpy as np
import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import SlicedWassersteinDistance, laplacian_pyramid, sliced_wasserstein
from genzoo.evaluation.sliced_wasserstein import _enlarge, descriptors, normalised

SMALL = dict(min_size=8, nhood_size=3, nhoods_per_image=4, dir_repeats=2, dirs_per_repeat=8)


def _images(seed, count, size=16):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (count, 3, size, size), dtype=np.uint8))


def _samples(fakes, reals, keys):
    return [dict(key=key, fake_img=fake, gt_img=real) for key, fake, real in zip(keys, fakes, reals)]


def _evaluate(fakes, reals, keys, **settings):
    metric = SlicedWassersteinDistance(**(SMALL | settings))
    metric.process(None, _samples(fakes, reals, keys))
    return metric.evaluate(len(fakes))


def test_by_default_neighbourhoods_levels_and_directions_are_the_specifications():
    metric = SlicedWassersteinDistance()
    assert metric.min_size == 16
    assert (metric.places['nhood_size'], metric.places['nhoods_per_image']) == (7, 128)
    assert metric.slices == dict(repeats=4, directions=128)


def test_a_constant_image_is_all_in_the_last_level():
    levels = laplacian_pyramid(torch.full((1, 3, 16, 16), 5.), 3)
    assert [level.shape[-1] for level in levels] == [16, 8, 4]
    assert torch.allclose(levels[-1], torch.tensor(5.))
    assert all(torch.allclose(level, torch.tensor(0.), atol=1e-5) for level in levels[:-1])


def test_the_pyramid_holds_the_whole_image():
    images = torch.randn(2, 3, 16, 16)
    restored, *larger = reversed(laplacian_pyramid(images, 3))
    for level in larger:
        restored = _enlarge(restored) + level
    torch.testing.assert_close(restored, images)


def test_a_shift_along_one_axis_is_found_in_one_dimension():
    points = np.random.default_rng(0).normal(size=(50, 1)).astype(np.float32)
    assert sliced_wasserstein(points, points + 3, 2, 4, np.random.RandomState(0)) == pytest.approx(3, rel=1e-5)


def test_the_order_of_points_does_not_matter():
    points = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    assert sliced_wasserstein(points, points[::-1], 2, 4, np.random.RandomState(0)) == pytest.approx(0, abs=1e-6)


def test_descriptors_are_neighbourhoods_by_channel_x_and_y():
    y, x = np.mgrid[:9, :9]
    image = np.stack([x, y, 0 * x])[None].astype(np.float32)
    found = descriptors(image, 20, 3, np.random.RandomState(0))
    assert found.shape == (20, 3, 3, 3)
    assert (np.diff(found[:, 0], axis=1) == 1).all()
    assert (np.diff(found[:, 1], axis=2) == 1).all()
    assert found.min() >= 0


def test_normalised_descriptors_have_unit_deviation_in_each_channel():
    values = np.random.default_rng(0).normal(5, 3, size=(40, 2, 3, 3)).astype(np.float32)
    values[:, 1] = 7
    by_channel = normalised(values).reshape(40, 2, 9)
    assert by_channel[:, 0].mean() == pytest.approx(0, abs=1e-5)
    assert by_channel[:, 0].std() == pytest.approx(1, rel=1e-5)
    assert (by_channel[:, 1] == 0).all()


def test_equally_distributed_images_are_nearer_than_others(logged):
    reals = _images(0, 12)
    blocks = _images(1, 12, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    near, far = (_evaluate(fakes, reals, 'abcdefghijkl', nhoods_per_image=32) for fakes in (_images(1, 12), blocks))
    assert set(near) == {f'SlicedWassersteinDistance/{name}'
                         for name in ('swd_16', 'swd_8', 'swd', 'num_fake', 'num_real')}
    assert near['SlicedWassersteinDistance/swd'] < far['SlicedWassersteinDistance/swd']
    assert 'no network, no resize; 12 generated images against 12 real' in logged[0]


def test_each_real_image_counts_once_and_of_the_fakes_as_many_are_drawn():
    result = _evaluate(_images(0, 6), _images(1, 3).repeat_interleave(2, 0), 'aabbcc')
    counts = [result[f'SlicedWassersteinDistance/num_{name}'] for name in ('fake', 'real')]
    assert counts == [3, 3]


@pytest.mark.parametrize('world_size', [2, 3])
def test_ranks_together_give_the_number_of_one(run_on_ranks, world_size):
    samples = _samples(_images(0, 5), _images(1, 4)[[0, 0, 1, 2, 3]], 'aabcd')
    results = [run_on_ranks(lambda: SlicedWassersteinDistance(**SMALL), samples, size) for size in (1, world_size)]
    assert results[0] == results[1]


@pytest.mark.parametrize('size', [12, 20])
def test_sides_that_cannot_be_halved_are_refused(size):
    with pytest.raises(DataError, match=f'{size}, {size}.*8 times a power of 2'):
        _evaluate(_images(0, 2, size), _images(1, 2, size), 'ab')


def test_by_default_it_is_the_released_metric():
    metric = SlicedWassersteinDistance()
    assert (metric.min_size, metric.slices) == (16, dict(repeats=4, directions=128))
    assert metric.places == dict(nhood_size=7, nhoods_per_image=128, minibatch=16)
