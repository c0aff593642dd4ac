"""A run by epochs that is killed or stopped at any moment goes on to the weights that it would have reached."""
import os
import signal
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from test_engine.tiny_gan import assert_same_state

from genzoo.registry import HOOKS

from . import killing
from .killing import end_of, finish, run_config, start

EPOCHS = 4  # of 6 iterations each
LAST = f'epoch_{EPOCHS}.pth'


@HOOKS.register_module(force=True)
class EndAt(Hook):
    """Sends the process a signal in the middle of an iteration, counted from 1."""

    def __init__(self, iteration: int, number: int) -> None:
        self.iteration, self.number = iteration, number

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == self.iteration:
            os.kill(os.getpid(), self.number)


def epochs_config(folder: Path, num_workers: int = 0, latest_interval: int = -1, **end) -> Path:
    """A config that saves every epoch, keeps two checkpoints and the best one, and validates every other epoch."""
    path = run_config(folder, num_workers)
    cfg = Config.fromfile(path)
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=EPOCHS, val_interval=2)
    cfg.default_hooks.checkpoint.update(by_epoch=True, interval=1, latest_interval=latest_interval)
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.2, begin=1, end=4, by_epoch=True)]
    cfg.custom_imports.imports.append('test_reliability.test_kills_in_epochs')
    if end:
        cfg.custom_hooks.append(dict(type='EndAt', **end))
    cfg.dump(path)
    return path


@pytest.fixture(scope='module')
def whole_run(tmp_path_factory):
    """The end of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp('whole')
    finish(epochs_config(folder))
    return folder / 'run'


def check_end(folder: Path, whole: Path) -> None:
    """The run in ``folder`` has the same weights, optimisers, schedules and files as the whole one."""
    assert_same_state(whole / LAST, folder / 'run' / LAST)
    names = {path.name for path in (folder / 'run').glob('*.pth')}
    assert names == {path.name for path in whole.glob('*.pth')} == {
        'epoch_3.pth', LAST, f'best_steps_left_{LAST}'}
    assert Path((folder / 'run/last_checkpoint').read_text()).name == LAST


def test_whole_run_leaves_the_kept_checkpoints(whole_run):
    check_end(whole_run.parent, whole_run)


def test_killed_within_an_epoch_it_resumes_exactly(tmp_path, whole_run):
    config = epochs_config(tmp_path, num_workers=2, iteration=8, number=int(signal.SIGKILL))
    assert end_of(start(config)) == -signal.SIGKILL
    finish(epochs_config(tmp_path), '--resume')
    check_end(tmp_path, whole_run)


@pytest.mark.parametrize('iteration', [8, 12], ids=['in the middle', 'in the last iteration'])
def test_stopped_within_an_epoch_it_resumes_exactly(tmp_path, whole_run, iteration):
    finish(epochs_config(tmp_path, num_workers=2, iteration=iteration, number=int(signal.SIGTERM)))
    assert Path((tmp_path / 'run/last_checkpoint').read_text()).name == f'iter_{iteration}.pth'
    finish(epochs_config(tmp_path), '--resume')
    check_end(tmp_path, whole_run)


@pytest.mark.parametrize(('how', 'name'), [
    (killing.half_written, 'epoch_2.pth'), (killing.before_recording, 'epoch_2.pth'),
    (killing.after_rename, 'best_steps_left_epoch_2.pth'), (killing.before_removing, 'epoch_1.pth')],
    ids=lambda value: getattr(value, '__name__', value))
def test_killed_at_a_step_of_a_write_it_resumes_exactly(tmp_path, whole_run, how, name):
    config = epochs_config(tmp_path)
    assert end_of(start(config, prepare=how(name))) == -signal.SIGKILL
    finish(config, '--resume')
    check_end(tmp_path, whole_run)


@pytest.mark.parametrize('how', [killing.before_removing, killing.after_removing], ids=lambda how: how.__name__)
def test_killed_when_what_a_stop_left_is_removed_it_resumes_exactly(tmp_path, whole_run, how):
    finish(epochs_config(tmp_path, iteration=8, number=int(signal.SIGTERM)))
    config = epochs_config(tmp_path)
    assert end_of(start(config, '--resume', prepare=how('iter_8.pth'))) == -signal.SIGKILL
    finish(config, '--resume')
    check_end(tmp_path, whole_run)


def test_killed_within_an_epoch_it_resumes_from_the_latest_that_was_saved_there(tmp_path, whole_run):
    config = epochs_config(tmp_path, latest_interval=4, iteration=18, number=int(signal.SIGKILL))
    assert end_of(start(config)) == -signal.SIGKILL
    assert Path((tmp_path / 'run/last_checkpoint').read_text()).name == 'iter_16.pth'
    assert [path.name for path in (tmp_path / 'run').glob('iter_*.pth')] == ['iter_16.pth']
    finish(epochs_config(tmp_path, latest_interval=4), '--resume')
    check_end(tmp_path, whole_run)
