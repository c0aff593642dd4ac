import socket
from types import SimpleNamespace

import pytest
import torch

from genzoo.apis import launch
from genzoo.apis.cli import one_line_errors
from genzoo.apis.launch import torchrun_options
from genzoo.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)


@pytest.mark.parametrize('processes', ['two', '0', '-1', '1.5', ''])
def test_the_number_of_processes_is_whole_and_positive(processes):
    with pytest.raises(ConfigError, match=f'^PROCESSES={processes}: must be a whole number, 1 or more'):
        torchrun_options(processes, {})


def test_each_process_needs_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    assert '--nproc_per_node=2' in torchrun_options('2', {})
    with pytest.raises(ConfigError, match='PROCESSES=3: .* this machine has 2. Start 2, or train on the CPU'):
        torchrun_options('3', {})


def test_machines_are_numbered_from_0_and_know_the_first():
    with pytest.raises(ConfigError, match='NODE_RANK=2: .* from 0 to NNODES - 1 = 1'):
        torchrun_options('1', dict(NNODES='2', NODE_RANK='2', MASTER_ADDR='node0'))
    with pytest.raises(ConfigError, match='NNODES=2: set MASTER_ADDR'):
        torchrun_options('1', dict(NNODES='2'))


def test_machines_meet_at_the_same_port():
    options = torchrun_options('1', dict(NNODES='2', NODE_RANK='1', MASTER_ADDR='node0'))
    assert options[-2:] == ['--master_addr=node0', '--master_port=29500']


def test_a_port_in_use_is_named():
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f'PORT={port}: cannot be used .Address already in use.. Set PORT'):
            torchrun_options('1', dict(PORT=str(port)))


@pytest.mark.parametrize('environment', [{}, dict(PORT='')])
def test_without_port_torchrun_opens_one_itself_so_that_nobody_takes_it_in_between(environment):
    options = torchrun_options('2', environment)
    assert '--rdzv_endpoint=127.0.0.1:0' in options
    assert not [option for option in options if 'master_port' in option]


class Failed(launch.ChildFailedError):
    """What torchrun raises: status by rank."""

    def __init__(self, **status: int) -> None:
        Exception.__init__(self)
        self.failures = {int(rank[-1]): SimpleNamespace(exitcode=code, timestamp=0, signal_name=lambda code=code: (
            'SIGKILL' if code == -9 else 'SIGTERM')) for rank, code in status.items()}


def last_line(monkeypatch, capsys, words, **status) -> str:
    """What is said last after processes end with ``status``, each having said its ``words`` in this order."""
    def torchrun(arguments):
        for rank, error in words:
            monkeypatch.setenv('RANK', str(rank))
            with pytest.raises(BaseException), one_line_errors():  # noqa: B017, PT011
                raise error
        raise Failed(**status)

    monkeypatch.setattr(launch, 'torchrun', torchrun)
    with pytest.raises(SystemExit) as end:
        launch.main(['2', 'script.py'])
    assert end.value.code == 1
    return capsys.readouterr().err.splitlines()[-1]


LOST = RuntimeError('[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:9. GLHF!')


def test_the_cause_is_said_last_though_its_consequence_came_first(monkeypatch, capsys):
    said = last_line(monkeypatch, capsys, [(0, LOST), (1, ConfigError('a: wrong.'))], rank0=1, rank1=1)
    assert said == 'error: rank 1: a: wrong.'


def test_a_bug_is_named_and_its_traceback_referred_to(monkeypatch, capsys):
    said = last_line(monkeypatch, capsys, [(1, KeyError('x')), (0, LOST)], rank0=1, rank1=1)
    assert said == "error: rank 1: KeyError: 'x'. Its traceback stands above."


def test_a_killed_process_is_told_from_those_that_torchrun_ended(monkeypatch, capsys):
    said = last_line(monkeypatch, capsys, [(0, LOST)], rank0=1, rank1=-15, rank2=-9)
    assert said.startswith('error: rank 2: ended by SIGKILL from outside.')


def test_where_the_cause_is_on_another_machine_the_loss_is_said(monkeypatch, capsys):
    assert last_line(monkeypatch, capsys, [(0, LOST)], rank0=1) == (
        'error: rank 0: lost another process of the run (Connection closed by peer [127.0.0.1]:9). '
        'Its own output says why it ended.')


def test_a_signal_that_ends_the_run_is_its_status(monkeypatch, capsys):
    def torchrun(arguments):
        raise launch.SignalException('', launch.signal.SIGTERM)

    monkeypatch.setattr(launch, 'torchrun', torchrun)
    with pytest.raises(SystemExit) as end:
        launch.main(['2', 'script.py'])
    assert end.value.code == 143
    assert capsys.readouterr().err == 'all processes ended after SIGTERM\n'


@pytest.mark.parametrize(('text', 'words'), [
    ('Application timeout caused pair closure', 'waited in vain'),
    ('gloo: Timed out waiting 5000ms for recv operation to complete', 'waited in vain'),
    ('NCCL watchdog: EADDRINUSE', 'port 7 of this machine is in use')])
def test_trouble_between_processes_is_one_line(monkeypatch, capsys, text, words):
    monkeypatch.setenv('MASTER_PORT', '7')
    with pytest.raises(SystemExit), one_line_errors():
        raise RuntimeError(text)
    assert words in capsys.readouterr().err


def test_a_port_taken_after_the_check_is_named_by_the_launcher_itself(monkeypatch, capsys):
    monkeypatch.delenv('MASTER_PORT', raising=False)
    monkeypatch.setenv('PORT', '8')
    with pytest.raises(SystemExit), one_line_errors():
        raise RuntimeError('NCCL watchdog: EADDRINUSE')
    assert capsys.readouterr().err == (
        'error: port 8 of this machine is in use. Set PORT to a free one, the same on all machines.\n')
