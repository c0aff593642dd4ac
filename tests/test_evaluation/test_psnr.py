import math

import pytest
import torch

from genzoo.errors import ConfigError, DataError
from genzoo.evaluation import PSNR

pytest.importorskip('torchmetrics')


def _sample(fake, real, key='a'):
    return dict(key=key, fake_img=fake, gt_img=real)


def _grey(value, size=4):
    return torch.full((3, size, size), value, dtype=torch.uint8)


def test_a_constant_error_has_the_closed_form(logged):
    metric = PSNR()
    metric.process(None, [_sample(_grey(100), _grey(105)), _sample(_grey(0, 8), _grey(255, 8))])
    result = metric.evaluate(2)
    assert result['PSNR/psnr'] == pytest.approx((20 * math.log10(255 / 5) + 0) / 2, abs=1e-4)
    assert result['PSNR/num_fake'] == 2
    assert logged == ['PSNR: RGB, 8 bit, no resize; mean of 2 generated images, each against its real one']


def test_equal_images_have_no_finite_ratio():
    metric = PSNR()
    metric.process(None, [_sample(_grey(7), _grey(7))])
    assert metric.evaluate(1)['PSNR/psnr'] == math.inf


def test_images_of_two_sizes_are_named():
    with pytest.raises(DataError, match="'bird'.*\\(3, 4, 4\\).*\\(3, 8, 8\\)"):
        PSNR().process(None, [_sample(_grey(1), _grey(1, 8), 'bird')])


@pytest.mark.parametrize('world_size', [2, 3])
def test_ranks_together_count_each_sample_once(run_on_ranks, world_size):
    samples = [_sample(_grey(10 * i), _grey(10 * i + 1 + i), str(i)) for i in range(5)]
    expected = run_on_ranks(PSNR, samples, 1)
    assert run_on_ranks(PSNR, samples, world_size) == expected
    assert expected['num_fake'] == 5


def test_the_lack_of_torchmetrics_is_told_with_a_remedy(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f'No module named {name!r}')

    monkeypatch.setattr('genzoo.evaluation.common.import_module', missing)
    with pytest.raises(ConfigError, match='PSNR: needs the Python package torchmetrics'):
        PSNR()
