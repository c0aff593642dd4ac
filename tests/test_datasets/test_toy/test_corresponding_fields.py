import numpy as np
import pytest
import torch

from genzoo.datasets import CorrespondingFieldsDataset, SampleIndex
from genzoo.datasets.toy.corresponding_fields import draw_field, recolour
from genzoo.errors import ConfigError


def test_b_shows_the_field_of_a_in_mixed_channels():
    colour = torch.tensor([.2, -.5, .8]).view(3, 1, 1)
    expected = torch.tensor([.5 ** .7, .8 ** .7, .3 ** .7]).view(3, 1, 1)
    torch.testing.assert_close(recolour(colour), expected)
    torch.testing.assert_close(recolour(-colour), -expected)


def test_fields_are_smooth_and_within_bounds():
    field = draw_field(np.random.RandomState(0), 32)
    assert field.shape == (3, 32, 32)
    assert field.abs().max() < 1
    assert field.diff(dim=2).square().mean() < 0.2 * field.var()


def test_noise_has_its_deviation():
    item = CorrespondingFieldsDataset('test', noise=0.15)[0]['inputs']
    assert (item['img_b'] - recolour(item['img_a'])).std() == pytest.approx(0.15, rel=0.05)


def test_a_test_item_is_always_the_same_and_training_items_are_not():
    test, train = CorrespondingFieldsDataset('test'), CorrespondingFieldsDataset('train')
    assert torch.equal(test[5]['inputs']['img_b'], test[SampleIndex(5, 1, 99)]['inputs']['img_b'])
    first, second = (train[SampleIndex(5, 1, position)]['inputs']['img_a'] for position in (98, 99))
    assert not torch.equal(first, second)
    assert test[5]['data_samples'].key == 'test_000005'


def test_sizes_that_no_grid_fits_are_refused():
    with pytest.raises(ConfigError, match='size=30: must be a multiple of 4'):
        CorrespondingFieldsDataset(size=30)
