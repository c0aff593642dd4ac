import pytest
import torch

from genzoo.errors import ConfigError, DataError
from genzoo.evaluation import LPIPSDiversity
from genzoo.models.features import ImageNetNormalize
from genzoo.registry import MODELS


@MODELS.register_module(name='TestDistance', force=True)
class _Distance(torch.nn.Module):
    """As LPIPS, with the image itself as its only feature map and the absolute difference."""

    def __init__(self):
        super().__init__()
        self.normalize = ImageNetNormalize()

    def embed(self, images):
        return [images]

    def compare(self, first, second):
        return (first[0] - second[0]).abs().mean(dim=(1, 2, 3))


def _samples(values, keys, real=0):
    return [dict(key=key, caption_index=0, fake_img=torch.full((3, 2, 2), value, dtype=torch.uint8),
                 gt_img=torch.full((3, 2, 2), real, dtype=torch.uint8)) for value, key in zip(values, keys)]


def _evaluate(samples, **args):
    metric = LPIPSDiversity(dict(type='TestDistance'), **args)
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


@pytest.mark.parametrize(('protocol', 'differences'), [
    ('pairs', [10, 30, 20]), ('first', [10, 30]), ('real', [50, 60, 80])])
def test_protocols_compare_what_they_say(protocol, differences):
    result = _evaluate(_samples([50, 60, 80], 'aaa'), protocol=protocol)
    assert result['mean'] == pytest.approx(sum(differences) / len(differences) / 127.5, rel=1e-5)
    assert result['num_comparisons'] == len(differences)


def test_images_of_different_captions_are_not_compared():
    samples = _samples([50, 60, 200, 230, 7], 'ababc')
    result = _evaluate(samples)
    assert result['mean'] == pytest.approx((150 + 170) / 2 / 127.5, rel=1e-5)
    assert result['num_groups'] == 2


def test_captions_of_one_image_are_different_captions():
    samples = _samples([50, 60], 'aa')
    samples[1]['caption_index'] = 1
    with pytest.raises(DataError, match='at least two images a caption'):
        _evaluate(samples)


def test_as_released_standardises_before_lpips():
    samples = _samples([50, 60], 'aa')
    scale = ImageNetNormalize().scale.reciprocal().mean().item()
    assert _evaluate(samples, as_released=True)['mean'] == pytest.approx(10 / 127.5 * scale, rel=1e-5)


def _of_categories(values, categories):
    return [dict(sample, category=category) for sample, category in zip(_samples(values, 'abcdefg'), categories)]


def test_categories_may_weigh_the_same_whatever_their_size():
    samples = _of_categories([50, 60, 80, 100, 200], 'xxxyy')
    pairs = _evaluate(samples, group_by=['category'])
    assert pairs['mean'] == pytest.approx((10 + 30 + 20 + 100) / 4 / 127.5, rel=1e-5)
    groups = _evaluate(samples, group_by=['category'], mean_of_groups=True)
    assert groups['mean'] == pytest.approx((20 + 100) / 2 / 127.5, rel=1e-5)
    assert (groups['num_comparisons'], groups['num_groups'], groups['num_fake']) == (4, 2, 5)


def test_a_category_that_samples_lack_is_named():
    with pytest.raises(DataError, match="'a': it has no category"):
        _evaluate(_samples([50, 60], 'aa'), group_by=['category'])


def test_legacy_normalisation_doubles_differences():
    samples = _samples([50, 60], 'aa')
    assert _evaluate(samples, legacy_normalize=True)['mean'] == pytest.approx(2 * 10 / 127.5, rel=1e-5)


def test_images_are_compared_at_the_size_asked_for(logged):
    """Opencv's bilinear halving averages four pixels: a chequerboard is grey."""
    board = torch.tensor([[0, 200], [200, 0]], dtype=torch.uint8).repeat(3, 2, 2)
    samples = _samples([0, 110], 'aa')
    samples[0]['fake_img'], samples[1]['fake_img'] = board, torch.full((3, 4, 4), 110, dtype=torch.uint8)
    assert _evaluate(samples, resize=2)['mean'] == pytest.approx(10 / 127.5, rel=1e-5)
    assert "protocol 'pairs', images resized to 2x2; 1 comparisons of 2 generated images" in logged[0]


def test_ranks_together_compare_each_pair_once(run_on_ranks):
    samples = _samples([50, 60, 80], 'aaa')
    result = run_on_ranks(lambda: LPIPSDiversity(dict(type='TestDistance')), samples, 2)
    assert result['num_comparisons'] == 3


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ConfigError, match="'all'.*'pairs'"):
        LPIPSDiversity(dict(type='TestDistance'), protocol='all')
