"""One process at a time makes a file."""
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.logging import print_log

from ..utils import no_empty_folders


@contextmanager
def alone(target: Path) -> Iterator[bool]:
    """Keeps other processes that want to make the same file waiting until the block ends.

    The lock is the operating system's, on ``<name>.lock`` beside the target: it ends with its
    process, however that ends.

    Args:
        target: the file; its folder is made if missing, and removed again if the block fails and leaves nothing in it.

    Yields:
        Whether another process has put the file there while this one waited.

    Raises:
        OSError: what the operating system said of the folder.
    """
    with no_empty_folders(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        before = _identity(target)
        path = target.with_name(f'{target.name}.lock')
        lock = _locked(path, target)
        try:
            yield _identity(target) not in (None, before)
        finally:
            path.unlink(missing_ok=True)  # while it is locked: a process that waits for it sees that it is gone
            os.close(lock)


def _locked(path: Path, target: Path) -> int:
    """A descriptor of the file that is the lock, which is this process's until it is closed."""
    told = False
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            told = _wait_for(lock, target, told)
            if _identity(lock) == _identity(path):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # of a process that has removed it since


def _wait_for(lock: int, target: Path, told: bool) -> bool:
    """Locks the file; says it when another process has to be waited for, unless it was ``told``."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not told:
            print_log(f'{target}: another process is fetching it; waiting until it is done', 'current', logging.INFO)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return True
    except OSError as error:  # some network file systems have no locks
        print_log(f'{target}: cannot be locked ({error.strerror}); let no other process fetch it now', 'current',
                  logging.WARNING)
    return told


def _identity(file: Path | int) -> tuple[int, int] | None:
    """What changes when another file gets the name; None if there is none."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
