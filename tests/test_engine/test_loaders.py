import pytest
from mmengine.config import Config

from genzoo.engine import SafeRunner
from genzoo.errors import ConfigError

from .tiny_gan import TinyVectors, loader


def limited(max_batches: int, length: int = 24, **more):
    cfg = {**loader(train=False), 'dataset': dict(type='TinyVectors', length=length), 'max_batches': max_batches}
    return SafeRunner.build_dataloader({**cfg, **more}, seed=0)


def seen(loader) -> list[int]:
    return [int(sample.key) for batch in loader for sample in batch['data_samples']]


def test_no_more_batches_than_asked_for_come_from_the_whole_data_set():
    keys = seen(limited(2))
    assert len(keys) == len(set(keys)) == 8
    assert max(keys) >= 8


def test_each_validation_sees_the_same_items():
    assert seen(limited(2)) == seen(limited(2))


def test_small_data_set_is_seen_whole():
    assert sorted(seen(limited(5, length=6))) == list(range(6))


def test_several_processes_share_a_small_data_set(monkeypatch):
    monkeypatch.setattr('genzoo.engine.loaders.get_world_size', lambda: 2)
    assert len(limited(2, length=10).dataset) == 10
    assert len(limited(2, length=20).dataset) == 16


def test_limited_data_set_keeps_its_metainfo():
    assert limited(1).dataset.metainfo == TinyVectors.metainfo


def test_both_batch_sizes_are_refused():
    cfg = Config(dict(loader(4), global_batch_size=8))
    with pytest.raises(ConfigError, match='batch_size=4 and global_batch_size=8 exclude each other'):
        SafeRunner.build_dataloader(cfg)
