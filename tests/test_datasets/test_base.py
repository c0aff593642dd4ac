import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from genzoo.datasets import EpochShuffleSampler, SampleIndex, ShapesCaptionDataset, ZooDataset, zoo_collate
from genzoo.datasets import base as base_module
from genzoo.errors import ConfigError, DataError


class Numbers(ZooDataset):
    """Item i is (i, a random number); the items of ``broken`` cannot be read."""

    def __init__(self, length=6, broken=(), **args):
        self.length, self.broken = length, broken
        super().__init__([lambda results: (results['number'], results['rng'].random_sample())], **args)

    def __len__(self):
        return self.length

    def record(self, index, rng):
        if index in self.broken:
            raise DataError(f'{index}.jpg: broken')
        return dict(number=index)


def test_a_samples_randomness_depends_on_seed_and_position_only():
    data = Numbers()
    draws = [data[SampleIndex(index, seed, position)][1]
             for index, seed, position in [(0, 5, 9), (1, 5, 9), (0, 6, 9), (0, 5, 10)]]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 3


def test_a_plain_index_gives_the_same_item_each_time_whatever_numpys_generator_does():
    data = Numbers()
    first = data[3]
    np.random.seed(1)
    assert data[3] == first != data[4]


def test_iterating_over_a_data_set_ends():
    assert [number for number, _ in Numbers(length=3)] == [0, 1, 2]


def test_an_index_out_of_range_is_refused():
    with pytest.raises(IndexError, match='6 of 6'):
        Numbers()[6]


def test_a_broken_item_raises_by_default():
    with pytest.raises(DataError, match=r'2\.jpg'):
        Numbers(broken=[2])[2]


def test_broken_items_are_replaced_listed_and_logged_once(monkeypatch):
    logged = []
    monkeypatch.setattr(base_module, 'print_log', lambda message, *_: logged.append(message))
    data = Numbers(broken=[2, 3, 5], on_error='skip')
    assert [data[index][0] for index in (1, 2, 2, 3, 5)] == [1, 4, 4, 4, 0]
    assert data.broken_items() == [2, 3, 5]
    assert len(logged) == 3
    assert 'item 2' in logged[0]
    assert '2.jpg' in logged[0]


def test_what_workers_skip_is_known_to_the_main_process():
    data = Numbers(broken=[1, 4], on_error='skip')
    list(DataLoader(data, batch_size=2, num_workers=2))
    assert data.broken_items() == [1, 4]


def test_a_data_set_of_which_nothing_can_be_read_stops():
    with pytest.raises(DataError, match='none of its 3 items'):
        Numbers(length=3, broken=range(3), on_error='skip')[0]


def test_a_bug_is_not_taken_for_a_broken_item():
    data = Numbers(on_error='skip')
    data.pipeline = [lambda results: results['missing']]
    with pytest.raises(KeyError):
        data[0]


def test_a_misspelt_on_error_is_refused():
    with pytest.raises(ConfigError, match="'ignore'"):
        Numbers(on_error='ignore')


def batches(num_workers, start=0, count=4, batch_size=3):
    data = ShapesCaptionDataset(length=10, paraphrases=True)
    sampler = EpochShuffleSampler(data, seed=1, batch_size=batch_size)
    sampler.skip(start * batch_size)
    loader = DataLoader(data, batch_size, sampler=sampler, num_workers=num_workers, collate_fn=zoo_collate)
    return [batch for batch, _ in zip(loader, range(count))]


def assert_equal_batches(left, right):
    assert len(left) == len(right)
    for one, other in zip(left, right):
        assert all(torch.equal(one['inputs'][name], other['inputs'][name]) for name in one['inputs'])
        names = [[(sample.key, sample.caption, sample.caption_index) for sample in batch['data_samples']]
                 for batch in (one, other)]
        assert names[0] == names[1]


def test_batches_do_not_depend_on_the_number_of_workers():
    assert_equal_batches(batches(num_workers=0), batches(num_workers=2))


def test_resumed_batches_equal_uninterrupted_ones():
    assert_equal_batches(batches(num_workers=0)[2:], batches(num_workers=0, start=2, count=2))


def test_the_runner_builds_a_loader_from_a_config():
    loader = Runner.build_dataloader(dict(
        batch_size=4, num_workers=0, dataset=dict(type='genzoo.ShapesCaptionDataset', length=8),
        sampler=dict(type='genzoo.EpochShuffleSampler', batch_size=4),
        collate_fn=dict(type='genzoo.zoo_collate'), worker_init_fn=dict(type='genzoo.quiet_worker')), seed=5)
    assert loader.sampler.seed == 5
    assert next(iter(loader))['inputs']['img'].shape == (4, 3, 32, 32)
