import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from test_engine.tiny_gan import loader
from torch import nn

from genzoo.apis.benchmark.batches import (
    choose_batch_size,
    first_batch,
    loader_config,
    loader_speed,
    synthetic_batch,
)
from genzoo.errors import ConfigError, DataError
from genzoo.structures import DataSample


@pytest.fixture(autouse=True)
def _our_components():
    init_default_scope('genzoo')


class Numbers(nn.Module):
    def example_item(self, number):
        return dict(inputs=dict(value=torch.tensor(number)), data_samples=DataSample(key=str(number)))


def test_batch_is_made_of_what_the_model_says_its_items_are():
    batch = synthetic_batch(Numbers(), 3)
    assert batch['inputs']['value'].tolist() == [0, 1, 2]
    assert [sample.key for sample in batch['data_samples']] == ['0', '1', '2']


def test_model_without_example_items_is_named_with_the_remedy():
    with pytest.raises(ConfigError, match='Linear has no example_item.*--data config'):
        synthetic_batch(nn.Linear(1, 1), 2)


@pytest.mark.parametrize(('key', 'other'), [('batch_size', 'global_batch_size'), ('global_batch_size', 'batch_size')])
def test_batch_size_is_set_where_the_config_has_it(key, other):
    cfg = {key: 24}
    assert choose_batch_size(cfg, None) == 24
    assert choose_batch_size(cfg, 2) == 2
    assert cfg == {key: 2}


def test_loader_of_training_is_preferred():
    cfg = ConfigDict(train_dataloader=None, val_dataloader=dict(batch_size=3))
    assert loader_config(cfg, 'a.py') == dict(batch_size=3)
    cfg.train_dataloader = dict(batch_size=5)
    assert loader_config(cfg, 'a.py') == dict(batch_size=5)
    with pytest.raises(ConfigError, match=r'a\.py: has none of train_dataloader'):
        loader_config(ConfigDict(), 'a.py')


def test_first_batch_needs_no_workers():
    batch = first_batch(loader(batch_size=4, num_workers=2) | dict(persistent_workers=True, prefetch_factor=4))
    assert batch['inputs']['real'].shape == (4, 4)


def test_loader_of_few_items_starts_again():
    result = loader_speed(loader(batch_size=10, train=False), batches=7, warmup=1)
    assert result['batches'] == 7
    assert result['items_per_second'] > 0


def test_loader_without_a_whole_batch_is_one_line():
    with pytest.raises(DataError, match='no whole batch of 100: the data set has 24 items'):
        first_batch(loader(batch_size=100, train=False) | dict(drop_last=True))
