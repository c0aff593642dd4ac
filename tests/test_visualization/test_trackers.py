"""Trackers say in one line why they do not start; neither package is needed here."""
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config

from genzoo.errors import ConfigError
from genzoo.registry import VISBACKENDS

PACKAGES = dict(WandbVisBackend='wandb', MLflowVisBackend='mlflow')


def backend(name, folder, **settings):
    return VISBACKENDS.build(dict(type=name, save_dir=str(folder), **settings))


class FakeMLflow(ModuleType):
    """Keeps what it is told."""

    MlflowException = RuntimeError

    def __init__(self):
        super().__init__('mlflow')
        self.uris, self.images = [], []
        self.set_tracking_uri = self.uris.append
        self.get_tracking_uri = lambda: 'sqlite:///of_mlflow.db'
        self.get_experiment_by_name = lambda name: SimpleNamespace()
        self.set_experiment = lambda name: None
        self.log_image = lambda image, name: self.images.append(name)


@pytest.mark.parametrize('name', PACKAGES)
def test_missing_package_is_one_line(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    with pytest.raises(ConfigError, match=f'{name} needs the package {PACKAGES[name]}.*`pip install') as caught:
        backend(name, tmp_path).add_config(Config())
    assert '\n' not in str(caught.value)


def test_failed_login_names_offline_mode(tmp_path, monkeypatch):
    def refuse(**_):
        raise RuntimeError('No API key configured.')
    monkeypatch.setitem(sys.modules, 'wandb', SimpleNamespace(init=refuse))
    with pytest.raises(ConfigError, match="No API key.*mode='offline'"):
        backend('WandbVisBackend', tmp_path).add_config(Config())


def test_sample_sheets_reach_mlflow_as_png_files_one_a_step(tmp_path, monkeypatch):
    mlflow = FakeMLflow()
    monkeypatch.setitem(sys.modules, 'mlflow', mlflow)
    tracker = backend('MLflowVisBackend', tmp_path)
    for step in (1, 200):
        tracker.add_image('samples', np.zeros((2, 2, 3), np.uint8), step)
    assert mlflow.images == ['samples/000001.png', 'samples/000200.png']


@pytest.mark.parametrize(('given', 'taken'), [(None, 'sqlite:///of_mlflow.db'), ('http://server', 'http://server')])
def test_runs_go_where_mlflow_keeps_all_of_them(given, taken, tmp_path, monkeypatch):
    mlflow = FakeMLflow()
    monkeypatch.setitem(sys.modules, 'mlflow', mlflow)
    assert backend('MLflowVisBackend', tmp_path, tracking_uri=given).experiment is mlflow
    assert mlflow.uris == [taken]
