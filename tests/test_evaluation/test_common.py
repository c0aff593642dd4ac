import numpy as np
import pytest

from genzoo.evaluation import FID, SlicedWassersteinDistance
from genzoo.evaluation.common import first_reals

from .test_sliced_wasserstein import _images

STUB = dict(type='StubFeatures')


def test_the_first_real_image_of_a_key_counts():
    results = [dict(key='a', real=None), dict(key='a', real=np.array(1)), dict(key='b', real=np.array(2)),
               dict(key='a', real=np.array(3))]
    assert first_reals(results) == dict(a=1, b=2)


def test_other_crops_of_an_image_change_nothing_whatever_the_batch():
    """As with several captions an image, each of which comes with another crop."""
    fakes, reals = _images(0, 12), _images(1, 12)
    samples = [dict(key=str(place // 3), fake_img=fake, gt_img=real)
               for place, (fake, real) in enumerate(zip(fakes, reals))]
    numbers = []
    for size in (1, 4, 12):
        metric = FID(STUB)
        for start in range(0, 12, size):
            metric.process(None, samples[start:start + size])
        numbers.append(metric.evaluate(12)['FID/fid'])
    firsts = FID(STUB)
    firsts.process(None, [dict(sample, gt_img=reals[place // 3 * 3]) for place, sample in enumerate(samples)])
    np.testing.assert_allclose(numbers, firsts.evaluate(12)['FID/fid'], rtol=1e-5)


@pytest.mark.parametrize('make', [lambda: FID(STUB), lambda: SlicedWassersteinDistance(min_size=16)])
@pytest.mark.parametrize(('num_a', 'num_b'), [(5, 12), (12, 5)])
def test_of_unpaired_sets_of_unlike_size_each_image_counts_once(make, num_a, num_b):
    """Of both domains, although the loader goes through the smaller one again."""
    fakes, reals = _images(0, num_a), _images(1, num_b)
    samples = [dict(key=str(i % num_a), gt_key=str(i % num_b), fake_img=fakes[i % num_a], gt_img=reals[i % num_b])
               for i in range(12)]
    metric = make()
    metric.process(None, samples)
    result = metric.compute_metrics(metric.results)
    counts = (num_a, num_b) if isinstance(metric, FID) else (5, 5)  # which compares equally many
    assert (result['num_fake'], result['num_real']) == counts
