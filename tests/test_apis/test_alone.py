import errno
import os
import threading
import time

import pytest

from genzoo.apis import alone as module
from genzoo.apis.alone import alone


@pytest.fixture
def target(tmp_path):
    return tmp_path / 'made' / 'a.pth'


def test_lock_is_gone_after_the_block_however_it_ends(target):
    with alone(target) as there:
        assert not there
        assert [path.name for path in target.parent.iterdir()] == ['a.pth.lock']
    with pytest.raises(KeyboardInterrupt), alone(target):
        raise KeyboardInterrupt
    assert list(target.parent.iterdir()) == []


def test_file_that_was_there_before_is_not_taken_for_that_of_another_process(target):
    target.parent.mkdir()
    target.write_bytes(b'old')
    with alone(target) as there:
        assert not there


def test_lock_that_a_killed_process_left_is_no_hindrance(target):
    target.parent.mkdir()
    target.with_name('a.pth.lock').touch()
    with alone(target):
        pass
    assert list(target.parent.iterdir()) == []


def test_never_two_are_in_the_block_though_each_removes_the_lock(target):
    inside, most = 0, 0

    def work():
        nonlocal inside, most
        for _ in range(30):
            with alone(target):
                inside += 1
                most = max(most, inside)
                time.sleep(0)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert list(target.parent.iterdir()) == []


def test_who_waited_is_told_that_the_file_is_there_now(target, monkeypatch):
    def put_meanwhile(lock, path, told):
        path.write_bytes(b'new')
        return told

    monkeypatch.setattr(module, '_wait_for', put_meanwhile)
    with alone(target) as there:
        assert there


def test_file_system_without_locks_costs_the_lock_and_one_line(target, monkeypatch):
    def refuse(*args):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(module.fcntl, 'flock', refuse)
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda line, *args: lines.append(line))
    with alone(target):
        pass
    assert lines == [f'{target}: cannot be locked (Function not implemented); let no other process fetch it now']
