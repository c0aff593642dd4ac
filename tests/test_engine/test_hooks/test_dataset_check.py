from types import SimpleNamespace

import pytest
from mmengine.runner import BaseLoop
from torch import nn

from genzoo.engine.hooks import DatasetCheckHook
from genzoo.errors import DataError


class _Loop(BaseLoop):

    def __init__(self, vocabulary):
        self.dataloader = SimpleNamespace(dataset=SimpleNamespace(metainfo=dict(vocabulary=vocabulary)))

    def run(self):
        """Never called."""


class _Particular(nn.Module):
    words = None

    def remember_dataset(self, metainfo):
        self.words = metainfo['vocabulary']

    def check_dataset(self, metainfo):
        if self.words not in (None, metainfo['vocabulary']):
            raise DataError('other words')


def _runner(model, train, test=None):
    return SimpleNamespace(model=model, _train_loop=train, _val_loop=None, _test_loop=test)


def test_data_sets_of_built_loops_are_checked():
    model = _Particular()
    model.words = ['a']
    DatasetCheckHook().before_run(_runner(model, _Loop(['a']), dict(type='not built')))
    with pytest.raises(DataError, match='other words'):
        DatasetCheckHook().before_run(_runner(model, dict(type='not built'), _Loop(['b'])))


def test_what_a_checkpoint_was_trained_on_counts():
    checkpoint = dict(meta=dict(dataset_meta=dict(vocabulary=['a'])))
    DatasetCheckHook().after_load_checkpoint(_runner(_Particular(), _Loop(['a'])), checkpoint)
    with pytest.raises(DataError, match='other words'):
        DatasetCheckHook().after_load_checkpoint(_runner(_Particular(), _Loop(['b'])), checkpoint)


def test_models_that_do_not_care_are_left_alone():
    DatasetCheckHook().before_run(_runner(nn.Linear(1, 1), _Loop(['a'])))
    DatasetCheckHook().after_load_checkpoint(_runner(nn.Linear(1, 1), _Loop(['a'])), dict(state_dict={}))
