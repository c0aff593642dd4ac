import errno
import os

import numpy as np
import pytest
from PIL import Image

from genzoo.engine import SampleImagesHook
from genzoo.errors import ConfigError
from genzoo.registry import VISUALIZERS

from ..tiny_gan import tiny_config, train


@VISUALIZERS.register_module()
class TinySheet:
    """Pictures side by side; remembers the keys that it was asked to show."""

    shown: list = []

    def __call__(self, data_samples):
        self.shown.append([sample.key for sample in data_samples])
        return np.concatenate([sample.fake_img.permute(1, 2, 0).numpy() for sample in data_samples], axis=1)


def sampling_run(folder, iterations=4, validate=None, **changes):
    TinySheet.shown.clear()
    cfg = tiny_config(folder, iterations, validate=validate, local_noise=True, **changes)
    sheet = dict(type='TinySheet')
    cfg.custom_hooks = [dict(type='SampleImagesHook', interval=2, num_samples=3, sheet=sheet)]
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    runner = train(cfg)
    return runner, {path.name: np.asarray(Image.open(path)) for path in (folder / 'samples').iterdir()}


def test_sheets_after_the_first_and_every_interval(tmp_path):
    _, sheets = sampling_run(tmp_path)
    assert set(sheets) == {'iter_1.png', 'iter_2.png', 'iter_4.png'}


@pytest.mark.parametrize(('lr', 'same'), [(0.0, True), (0.5, False)])
def test_sheets_differ_by_the_weights_alone(tmp_path, lr, same):
    _, sheets = sampling_run(tmp_path, lr=lr)
    assert TinySheet.shown == [['0', '1', '2']] * 3
    assert np.array_equal(sheets['iter_1.png'], sheets['iter_4.png']) == same


def test_validation_items_are_shown_if_there_are_any(tmp_path):
    runner, _ = sampling_run(tmp_path, 2, validate=2)
    assert TinySheet.shown[0] == ['0', '1', '2']
    assert runner.val_loop is not None


def test_sheet_goes_to_the_visualizer(tmp_path):
    runner, _ = sampling_run(tmp_path, 2)
    assert list((tmp_path / runner.timestamp).rglob('samples_2.png'))


def test_shipped_sheet_fits(tmp_path):
    cfg = tiny_config(tmp_path, 1)
    cfg.custom_hooks = [dict(type='SampleImagesHook', interval=5, num_samples=2)]
    train(cfg)
    assert Image.open(tmp_path / 'samples/iter_1.png').mode == 'RGB'


def test_zero_interval_is_refused():
    with pytest.raises(ConfigError, match='interval=0'):
        SampleImagesHook(interval=0)


def test_full_disk_costs_the_sheet_not_the_run(tmp_path, monkeypatch):
    def no_space(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, 'save', no_space)
    (tmp_path / 'samples').mkdir()
    runner, sheets = sampling_run(tmp_path, 2)
    assert runner.iter == 2
    assert sheets == {}
    log = next((tmp_path / runner.timestamp).glob('*.log')).read_text()
    assert 'iter_2.png: the sheet of samples could not be written' in log
    assert 'No space left' in log
