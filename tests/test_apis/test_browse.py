from pathlib import Path

import numpy as np
import pytest
import torch

from genzoo.apis.browse import browse, build_dataset, label_of, pictures_of, to_uint8
from genzoo.apis.config import load_config
from genzoo.datasets import SampleIndex
from genzoo.errors import ConfigError

TOY = Path(__file__).parents[2] / 'configs' / 'ssagan' / 'ssagan_toy.py'


class Ramps:
    """Items whose image says which index, and which draw of it, they are."""

    def __len__(self):
        return 10

    def __getitem__(self, index: SampleIndex):
        image = torch.full((3, 128, 128), int(index), dtype=torch.uint8)
        image[1] = index.position
        return dict(inputs=dict(img=image), data_samples=dict(key=f'k{int(index)}', caption='a ramp'))


def tile(sheet, number=0):
    return sheet[4, 4 + number * 132].tolist()


def test_images_are_shown_as_stored():
    image = torch.tensor([0, 100, 255], dtype=torch.uint8).reshape(3, 1, 1)
    assert to_uint8(image) is image


def test_floats_come_back_as_the_bytes_that_they_were():
    image = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    assert torch.equal(to_uint8(image / 127.5 - 1), image)
    assert torch.equal(to_uint8(image / 255), image)


def test_items_are_different_ones_and_the_seed_decides_which():
    sheets = [browse(Ramps(), 4, 0, seed)['items'] for seed in (0, 0, 1)]
    assert np.array_equal(sheets[0], sheets[1])
    assert not np.array_equal(sheets[0], sheets[2])
    assert set(sheets[0][..., 0].flatten()) > set(np.random.default_rng(0).permutation(10)[:4])


def test_more_items_than_there_are_are_all_of_them():
    assert set(range(10)) < set(browse(Ramps(), 99, 0, 0)['items'][..., 0].flatten())


def test_repeats_are_one_item_drawn_anew_in_each_epoch():
    sheet = browse(Ramps(), 1, 4, 0)['repeats']
    first = np.random.default_rng(0).permutation(10)[0]
    assert tile(sheet) == [first, 0, first]
    assert tile(sheet, 1) == [first, 10, first]


def test_all_images_of_an_item_stand_side_by_side():
    item = dict(inputs=dict(a=torch.zeros(3, 8, 8, dtype=torch.uint8), ids=torch.zeros(18), mask=torch.ones(1, 8, 8)))
    picture = pictures_of(item)
    assert picture[6, 6].tolist() == [0, 0, 0]
    assert picture[6, 18].tolist() == [255, 255, 255]
    with pytest.raises(ConfigError, match='yields no image, only ids'):
        pictures_of(dict(inputs=dict(ids=torch.zeros(18))))


def test_labels_say_what_is_known():
    item = dict(inputs=dict(class_id=torch.tensor(3)), data_samples=dict(key='a/b', caption='a red bird'))
    assert label_of(item, 7) == '[7] a/b class 3: a red bird'
    assert label_of(dict(inputs={}), 7) == '[7]'


@pytest.mark.parametrize(('option', 'args'), [
    ('--num 0', (0, 1, 0)), ('--repeats -1', (1, -1, 0)), ('--seed -1', (1, 1, -1))])
def test_numbers_out_of_range_are_refused(option, args):
    with pytest.raises(ConfigError, match=option):
        browse(Ramps(), *args)


def test_the_toys_of_both_splits_are_shown():
    config = load_config(TOY)
    for split in ('train', 'val', 'test'):
        assert browse(build_dataset(config, split), 2, 2, 0)['repeats'].std() > 0


def test_a_split_that_the_config_does_not_have_is_named():
    config = load_config(TOY)
    config.val_dataloader = None
    with pytest.raises(ConfigError, match=r'has no val_dataloader \(it has: train, test\)'):
        build_dataset(config, 'val')


def test_labels_are_shown_in_colours_beside_their_image():
    image = torch.full((3, 8, 8), 7, dtype=torch.uint8)
    picture = pictures_of(dict(inputs=dict(label=torch.ones(1, 8, 8, dtype=torch.int64), img=image)))
    assert picture[6, 6].tolist() == [128, 0, 0]
    assert picture[6, 18].tolist() == [7, 7, 7]
    dense = pictures_of(dict(inputs=dict(label=torch.ones(20, 8, 8), img=image)))
    assert dense[6, 6].tolist() == [255, 255, 255]
