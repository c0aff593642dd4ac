"""Paths that a user gave, and files that appear whole or not at all."""
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import ConfigError, DataError, GenzooError

_TEMPORARY = re.compile(r'\..+\.\d+\.tmp')


@contextmanager
def atomic_write(path: str | Path, mode: str = 'wb', **open_args) -> Iterator[IO]:
    """Opens a temporary neighbour of ``path`` and renames it when the block ends well.

    If the block fails, for instance because the disk is full, the neighbour is removed
    and what stood under ``path`` stays as it was.

    Args:
        path: the final name; its folder is made if missing.
        mode: ``'wb'`` or ``'w'``.

    Raises:
        OSError: what the operating system said.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    try:
        with open(temporary, mode, **open_args) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(folder: str | Path) -> None:
    """Removes the temporary files that killed processes left of :func:`atomic_write` in a folder."""
    for path in Path(folder).glob('.*.tmp'):
        if _TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


def require_file(path: str | Path, what: str, remedy: str,
                 error: type[GenzooError] = DataError) -> Path:
    """``path``, if it is a file.

    Args:
        path: what the user gave.
        what: what should lie there, e.g. ``'the vocabulary'``.
        remedy: which command or page provides it.
        error: the class to raise.

    Raises:
        GenzooError: the file is missing.
    """
    path = Path(os.path.expanduser(path))  # in contrast to Path's, of a user who does not exist, too
    if os.path.isdir(path):
        raise error(f'{path}: is a folder, but should be {what}, a file. {remedy}')
    if not os.path.isfile(path):
        raise error(f'{path}: {what} is missing. {remedy}')
    return path


def require_folder(path: str | Path, what: str, remedy: str,
                   error: type[GenzooError] = DataError) -> Path:
    """``path``, if it is a folder; as :func:`require_file`."""
    path = Path(os.path.expanduser(path))
    if not os.path.isdir(path):
        raise error(f'{path}: {what} is missing. {remedy}')
    return path


def refuse_existing(paths: Iterable[Path], overwrite: bool,
                    remedy: str = 'Choose another name or give --overwrite.') -> None:
    """
    Args:
        paths: files that are to be written.
        overwrite: whether they may be there.
        remedy: what to do about one that is.

    Raises:
        ConfigError: one is there and may not be replaced.
    """
    existing = [] if overwrite else [path for path in paths if path.exists()]
    if existing:
        more = f' (and {len(existing) - 1} more)' if len(existing) > 1 else ''
        raise ConfigError(f'{existing[0]}{more}: exists already. {remedy}')
