import numpy as np
import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import SSIM

pytest.importorskip('torchmetrics')


def _noisy_pair(size=24):
    rng = np.random.default_rng(0)
    real = rng.integers(0, 256, (3, size, size))
    fake = (real + rng.integers(-60, 60, real.shape)).clip(0, 255)
    return [torch.from_numpy(image.astype(np.uint8)) for image in (fake, real)]


def _ssim(fake, real):
    metric = SSIM()
    metric.process(None, [dict(key='a', fake_img=fake, gt_img=real)])
    return metric.evaluate(1)['SSIM/ssim']


def test_equal_images_are_at_one():
    fake, _ = _noisy_pair()
    assert _ssim(fake, fake) == pytest.approx(1)


def test_agrees_with_another_implementation():
    structural_similarity = pytest.importorskip('skimage.metrics').structural_similarity
    fake, real = _noisy_pair()
    expected = structural_similarity(fake.numpy(), real.numpy(), channel_axis=0, gaussian_weights=True, sigma=1.5,
                                     use_sample_covariance=False, data_range=255)
    assert 0 < expected < 1
    assert _ssim(fake, real) == pytest.approx(expected, abs=1e-4)


def test_images_smaller_than_the_window_are_refused():
    with pytest.raises(DataError, match='smaller than its window of 11'):
        _ssim(*_noisy_pair(10))
