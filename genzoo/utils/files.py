"""Paths that a user gave, and files that appear whole or not at all."""
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import IO

from ..errors import ConfigError, DataError, GenzooError

_TEMPORARY = re.compile(r'\..+\.\d+\.tmp')


@contextmanager
def atomic_write(path: str | Path, mode: str = 'wb', durable: bool = True, **open_args) -> Iterator[IO]:
    """Opens a temporary neighbour of ``path`` and renames it when the block ends well.

    If the block fails, for instance because the disk is full, the neighbour and the folders
    that were made for it are removed, and what stood under ``path`` stays as it was.

    Args:
        path: the final name; its folder is made if missing.
        mode: ``'wb'`` or ``'w'``.
        durable: whether to wait for the disk; not for one of very many files.

    Raises:
        OSError: what the operating system said, of ``path``.
    """
    path = Path(path)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    with no_empty_folders(path.parent), _said_of(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, mode, **open_args) as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def _said_of(path: Path, temporary: Path) -> Iterator[None]:
    """Puts the name that the user knows into what the system says of a temporary file."""
    try:
        yield
    except OSError as error:
        if error.filename != str(temporary):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def no_empty_folders(folder: str | Path) -> Iterator[None]:
    """Removes ``folder``, and those above it, if the block fails and has made them for nothing.

    What existed before, or is not empty, stays.
    """
    folder = Path(folder).absolute()
    missing = list(takewhile(lambda each: not os.path.lexists(each), (folder, *folder.parents)))
    try:
        yield
    except BaseException:
        for each in missing:
            with suppress(OSError):
                each.rmdir()
        raise


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
    if os.path.exists(path) and not os.path.isdir(path):
        raise error(f'{path}: is a file, but should be {what}, a folder. {remedy}')
    if not os.path.isdir(path):
        raise error(f'{path}: {what} is missing. {remedy}')
    return path


def existing_parent(path: str | Path) -> Path:
    """``path``, or the nearest folder above it that exists."""
    path = Path(path).absolute()
    return next(folder for folder in (path, *path.parents) if os.path.isdir(folder))


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
    existing = [] if overwrite else [path for path in paths if os.path.lexists(path)]
    if existing:
        more = f' (and {len(existing) - 1} more)' if len(existing) > 1 else ''
        raise ConfigError(f'{existing[0]}{more}: exists already. {remedy}')


def require_writable(paths: Iterable[str | Path], overwrite: bool,
                     remedy: str = 'Choose another name or give --overwrite.') -> None:
    """Finds out before the work whether its results can be written; leaves nothing behind.

    Args:
        paths: files that are to be written.
        overwrite: whether they may be there.
        remedy: what to do about one that is.

    Raises:
        ConfigError: one is there and may not be replaced; is a folder; or cannot be made.
    """
    paths = [Path(path) for path in paths]
    for path in paths:
        if os.path.isdir(path):
            raise ConfigError(f'{path}: is a folder, but should be a file to write. Give the name of a file.')
    refuse_existing(paths, overwrite, remedy)
    for folder, path in {path.parent: path for path in reversed(paths)}.items():
        require_folder_to_fill(folder, path)


def require_folder_to_fill(folder: str | Path, named: str | Path | None = None) -> None:
    """
    Args:
        folder: in which files are to be written; it need not exist yet.
        named: what the user gave, if it is not the folder.

    Raises:
        ConfigError: it, or one above it, is a file; or the system does not let one write there.
    """
    folder = Path(folder)
    taken = next((each for each in (folder, *folder.parents) if os.path.lexists(each)), folder)
    if os.path.lexists(taken) and not os.path.isdir(taken):
        raise ConfigError(f'{taken}: is a file, but should be a folder to write to. Choose a folder.')
    try:
        with tempfile.TemporaryFile(dir=existing_parent(folder)):
            pass
    except OSError as error:
        raise ConfigError(f'{named or folder}: cannot be written to ({error.strerror}). Choose another folder, or '
                          'change its permissions.') from error
