import os
import signal
import threading
import time

import pytest
import torch
from mmengine.hooks import Hook

from genzoo.engine import GracefulStopHook
from genzoo.engine.stopping import resume_command

from ..tiny_gan import assert_same_state, build, resumed, tiny_config, train


class SignalAt(Hook):
    """Sends the process a signal in the middle of an iteration or of a validation."""

    priority = 'NORMAL'

    def __init__(self, iteration=None, val_iteration=None, number=signal.SIGTERM) -> None:
        self.iteration, self.val_iteration, self.number = iteration, val_iteration, number

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == self.iteration:
            os.kill(os.getpid(), self.number)

    def before_val_iter(self, runner, batch_idx, data_batch=None) -> None:
        if batch_idx == self.val_iteration:
            os.kill(os.getpid(), self.number)


def stopped_run(cfg, **when):
    runner = build(cfg)
    runner.register_hook(SignalAt(**when))
    runner.train()
    return runner


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_iteration_saves_and_stops(tmp_path, number):
    before = signal.getsignal(number)
    train(tiny_config(tmp_path / 'whole', 8, interval=8))
    runner = stopped_run(tiny_config(tmp_path / 'parts', 8, interval=8), iteration=5, number=number)
    assert [path.name for path in (tmp_path / 'parts').glob('*.pth')] == ['iter_5.pth']
    assert signal.getsignal(number) is before
    log = next((tmp_path / 'parts' / runner.timestamp).glob('*.log')).read_text()
    assert 'stopped at iteration 5' in log
    assert '--resume' in log
    train(resumed(tiny_config(tmp_path / 'parts', 8, interval=8)))
    assert_same_state(tmp_path / 'whole/iter_8.pth', tmp_path / 'parts/iter_8.pth')


def test_signal_during_validation_skips_its_rest(tmp_path):
    runner = stopped_run(tiny_config(tmp_path, 4, validate=2, interval=4), val_iteration=1)
    assert (tmp_path / 'iter_2.pth').exists()
    assert torch.load(tmp_path / 'iter_2.pth', weights_only=True)['meta']['iter'] == 2
    assert 'val/tiny/brightness' not in runner.message_hub.log_scalars


def test_validation_that_is_due_when_stopping_is_left_out(tmp_path):
    runner = stopped_run(tiny_config(tmp_path, 4, validate=2, interval=2), iteration=2)
    assert runner.iter < 4
    assert 'val/tiny/brightness' not in runner.message_hub.log_scalars


def test_workers_are_ended_with_the_run(tmp_path):
    runner = stopped_run(tiny_config(tmp_path, 8, num_workers=2), iteration=3)
    workers = runner.train_loop.dataloader_iterator._iterator._workers
    assert [worker.is_alive() for worker in workers] == [False, False]


def test_second_ctrl_c_is_immediate_but_a_repeated_delivery_is_not():
    hook = GracefulStopHook()
    hook._on_signal(signal.SIGINT, None)
    hook._on_signal(signal.SIGINT, None)
    hook._requested = time.monotonic() - 2
    with pytest.raises(KeyboardInterrupt):
        hook._on_signal(signal.SIGINT, None)


def test_handlers_are_given_back_after_an_error(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match='not finite'):
        train(tiny_config(tmp_path, 2, nan_at=1))
    assert signal.getsignal(signal.SIGTERM) is before


def test_training_in_a_thread_needs_no_signals(tmp_path):
    runner = build(tiny_config(tmp_path, 2))
    thread = threading.Thread(target=runner.train)
    thread.start()
    thread.join()
    assert (tmp_path / 'iter_2.pth').exists()


@pytest.mark.parametrize(('words', 'expected'), [
    ('python tools/train.py a.py', 'python tools/train.py a.py --resume'),
    ('python tools/train.py a.py --overwrite --amp', 'python tools/train.py a.py --amp --resume'),
    ('python tools/train.py a.py --resume --amp', 'python tools/train.py a.py --amp --resume'),
    ('python tools/train.py a.py --resume x.pth --seed 3', 'python tools/train.py a.py --seed 3 --resume'),
])
def test_command_to_go_on_with(words, expected):
    assert resume_command(words.split()) == expected


def test_launch_scripts_pass_their_own_command(monkeypatch):
    monkeypatch.setenv('GENZOO_COMMAND', 'tools/dist_train.sh a.py 2 ')
    assert resume_command() == 'tools/dist_train.sh a.py 2 --resume'
