"""A training process that is killed at any moment goes on to the weights that it would have reached.

``--points N`` sets the number of random moments, ``--kill-seed S`` another choice of them.
"""
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_engine.tiny_gan import ROOT, assert_same_state

from genzoo.utils import open_checkpoint

from . import killing
from .killing import ITERATIONS, end_of, finish, living, run_config, start, wait_until

LAST = f'iter_{ITERATIONS}.pth'
KEPT = {f'iter_{ITERATIONS - 2}.pth', LAST}
STEPS = [(killing.half_written, name) for name in ('iter_2.pth', 'iter_6.pth', 'best_steps_left_iter_6.pth',
                                                   f'best_steps_left_iter_{ITERATIONS}.pth')] + [
    (killing.before_rename, name) for name in ('iter_2.pth', 'iter_4.pth', 'last_checkpoint', 'iter_4.png')] + [
    (killing.after_rename, name) for name in ('iter_2.pth', 'best_steps_left_iter_6.pth', 'last_checkpoint')] + [
    (killing.before_recording, name) for name in ('iter_4.pth', LAST)] + [
    (killing.before_removing, name) for name in ('iter_2.pth', 'best_steps_left_iter_3.pth')] + [
    (killing.after_removing, name) for name in ('iter_4.pth', 'best_steps_left_iter_3.pth')]


@pytest.fixture(scope='session')
def whole_run(tmp_path_factory):
    """The end of a run that nobody disturbed, and how long it took in seconds."""
    folder = tmp_path_factory.mktemp('whole')
    config, begin = run_config(folder), time.monotonic()
    finish(config)
    return folder / 'run', time.monotonic() - begin


def check_end(folder: Path, whole: Path) -> None:
    """The run in ``folder`` has the same weights, optimisers, schedules and files as the whole one."""
    assert_same_state(whole / LAST, folder / 'run' / LAST)
    names = {path.name for path in (folder / 'run').glob('*.pth')}
    assert names == {path.name for path in whole.glob('*.pth')}
    assert names > KEPT
    assert Path((folder / 'run/last_checkpoint').read_text()).name == LAST
    assert not list((folder / 'run').rglob('.*'))


def test_whole_run_leaves_the_kept_checkpoints(whole_run):
    check_end(whole_run[0].parent, whole_run[0])


def test_killed_at_random_moments_it_resumes_exactly(tmp_path, whole_run, kill_points, kill_seed):
    whole, seconds = whole_run
    print(f'{kill_points} points, --kill-seed {kill_seed}')
    moments, killed, workers = random.Random(kill_seed), 0, []
    for point in range(kill_points):
        folder, delay = tmp_path / str(point), moments.uniform(0, 0.9 * seconds)
        folder.mkdir()
        print(f'point {point}: killed after {delay:.3f} s')
        config = run_config(folder, num_workers=2 * (point % 3 == 0))
        process = start(config)
        time.sleep(delay)
        os.kill(process, signal.SIGKILL)
        killed += end_of(process) == -signal.SIGKILL
        workers.append(process)
        finish(config, '--resume')
        check_end(folder, whole)
    assert killed
    wait_until(lambda: not any(map(living, workers)))


@pytest.mark.parametrize(('how', 'name'), STEPS, ids=[f'{how.__name__}-{name}' for how, name in STEPS])
def test_killed_at_a_step_of_a_write_it_resumes_exactly(tmp_path, whole_run, how, name):
    config = run_config(tmp_path)
    assert end_of(start(config, prepare=how(name))) == -signal.SIGKILL
    for path in (tmp_path / 'run').glob('*.pth'):
        open_checkpoint(path)
    finish(config, '--resume')
    check_end(tmp_path, whole_run[0])


def test_killed_again_and_again_it_still_resumes_exactly(tmp_path, whole_run):
    config = run_config(tmp_path)
    for how, name in ((killing.half_written, 'iter_2.pth'), (killing.before_recording, 'iter_4.pth'),
                      (killing.half_written, 'iter_4.pth'), (killing.before_removing, 'iter_2.pth')):
        assert end_of(start(config, '--resume', prepare=how(name))) == -signal.SIGKILL
    finish(config, '--resume')
    check_end(tmp_path, whole_run[0])


def test_real_process_that_is_killed_leaves_no_worker_and_resumes_exactly(tmp_path, whole_run, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', f'{ROOT}{os.pathsep}{ROOT / "tests"}')
    config = run_config(tmp_path, num_workers=2, pause=0.2)
    process = subprocess.Popen([sys.executable, 'tools/train.py', str(config)], cwd=ROOT, start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until((tmp_path / 'run/iter_4.pth').exists)
    process.kill()
    process.wait()
    assert not (tmp_path / 'run' / LAST).exists()
    finish(config, '--resume', '--cfg-options', 'model.pause=0')
    check_end(tmp_path, whole_run[0])
    wait_until(lambda: not living(process.pid))
