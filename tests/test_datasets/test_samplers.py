import itertools
import pickle

import pytest

from genzoo.datasets import samplers
from genzoo.datasets.samplers import EpochShuffleSampler, SampleIndex
from genzoo.errors import ConfigError


def take(sampler, count):
    return list(itertools.islice(sampler, count))


def as_tuples(indices):
    return [(int(index), index.seed, index.position) for index in indices]


@pytest.fixture
def as_rank(monkeypatch):
    def build(rank, world_size, **args):
        monkeypatch.setattr(samplers, 'get_dist_info', lambda: (rank, world_size))
        return EpochShuffleSampler(range(10), seed=3, **args)
    return build


def test_an_index_keeps_seed_and_position_through_a_pickle():
    index = SampleIndex(4, seed=7, position=2 ** 40)
    assert index == 4
    assert as_tuples([pickle.loads(pickle.dumps(index))]) == [(4, 7, 2 ** 40)]


def test_every_epoch_is_another_permutation():
    stream = take(EpochShuffleSampler(range(10), seed=3), 30)
    epochs = [stream[start:start + 10] for start in (0, 10, 20)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert [index.position for index in stream] == list(range(30))


def test_the_order_depends_on_the_seed_alone():
    streams = [take(EpochShuffleSampler(range(50), seed=seed), 50) for seed in (3, 3, 4)]
    assert streams[0] == streams[1] != streams[2]


def test_without_shuffling_the_order_is_the_data_sets():
    assert take(EpochShuffleSampler(range(3), shuffle=False, seed=0), 7) == [0, 1, 2, 0, 1, 2, 0]


def test_no_batch_mixes_two_epochs():
    stream = take(EpochShuffleSampler(range(10), seed=3, batch_size=4), 80)
    epochs = [stream[start:start + 8] for start in range(0, 80, 8)]
    assert all(len(set(epoch)) == 8 for epoch in epochs)
    assert set(stream) == set(range(10))


@pytest.mark.parametrize('skipped', [0, 1, 7, 8, 23, 400])
@pytest.mark.parametrize('world_size', [1, 3])
def test_a_resumed_stream_equals_the_uninterrupted_one(as_rank, skipped, world_size):
    whole = take(as_rank(world_size - 1, world_size, batch_size=4), skipped + 20)
    resumed = as_rank(world_size - 1, world_size, batch_size=4)
    resumed.skip(skipped)
    assert as_tuples(take(resumed, 20)) == as_tuples(whole[skipped:])


def test_skip_is_absolute(as_rank):
    sampler = as_rank(0, 1)
    sampler.skip(5)
    take(sampler, 3)
    sampler.skip(6)
    assert next(iter(sampler)).position == 6


def test_skipping_years_costs_nothing(as_rank):
    sampler = as_rank(0, 1)
    sampler.skip(10 ** 15)
    assert next(iter(sampler)).position == 10 ** 15


def test_skipping_backwards_is_refused(as_rank):
    with pytest.raises(ValueError, match='-1'):
        as_rank(0, 1).skip(-1)


def test_two_ranks_see_together_what_one_process_sees(as_rank):
    single = take(as_rank(0, 1, batch_size=4), 40)
    halves = [take(as_rank(rank, 2, batch_size=4), 20) for rank in (0, 1)]
    merged = [index for pair in zip(*halves) for index in pair]
    assert as_tuples(merged) == as_tuples(single)


def test_the_length_is_a_ranks_share_of_an_epoch(as_rank):
    assert len(as_rank(0, 1)) == 10
    assert len(as_rank(1, 2, batch_size=4)) == 4


def test_a_batch_larger_than_the_data_set_is_refused():
    with pytest.raises(ConfigError, match='batch_size=16 .* only 10 items'):
        EpochShuffleSampler(range(10), batch_size=16)


def test_an_empty_data_set_is_refused():
    with pytest.raises(ConfigError, match='only 0 items'):
        EpochShuffleSampler([], seed=0)


def test_without_a_seed_one_is_drawn():
    assert EpochShuffleSampler(range(10)).seed >= 0
