"""What all preparations share: reports, a journal of what is done, files put in place."""
import filecmp
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError, DataError
from ..utils import atomic_write, existing_parent, no_empty_folders, refuse_existing, require_folder_to_fill

Progress = Callable[[Iterable], Iterable]
OVERWRITE = 'Give --overwrite to replace it.'
WORK = '.prepare'
"""Folder inside the one that is made, for what a stopped preparation has to remember."""
BLOCK = 4096  # bytes; what a small file takes on most disks


@dataclass
class FolderReport:
    """What became of a folder.

    Args:
        train: number of training images.
        test: number of test images.
        captions_per_image: that each of them has.
        num_words: size of the vocabulary.
        skipped: file or key, and reason, of each picture that was left out.
        notes: what else the user should know.
    """

    train: int = 0
    test: int = 0
    captions_per_image: int = 0
    num_words: int = 0
    skipped: list[tuple[Path | str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self, out: str | Path, shown: int = 20) -> str:
        """Lines for the user.

        Args:
            out: the folder that was made; its ``skipped.txt`` lists all that was left out.
            shown: how many skipped pictures are listed.
        """
        lines = [f'skipped {name}: {reason}' for name, reason in self.skipped[:shown]]
        if len(self.skipped) > shown:
            lines.append(f'... and {len(self.skipped) - shown} more, see {Path(out) / "skipped.txt"}')
        lines += self.notes
        lines.append(f'{out}: {self.train} training and {self.test} test images, {len(self.skipped)} skipped, '
                     f'captions_per_image={self.captions_per_image}, {self.num_words} words')
        return '\n'.join(lines)


@dataclass(frozen=True)
class Counted:
    """An iteration whose length is known, so that a progress bar knows it, too."""

    items: Iterator
    count: int

    def __iter__(self) -> Iterator:
        return self.items

    def __len__(self) -> int:
        return self.count


def write_keys(data_root: Path, split: str, keys: list[str]) -> None:
    """Writes ``<split>/filenames.pickle`` (protocol 2)."""
    with atomic_write(data_root / split / 'filenames.pickle') as file:
        pickle.dump(keys, file, protocol=2)


def write_skipped(data_root: Path, skipped: list[tuple[Path | str, str]]) -> None:
    """Writes ``skipped.txt``, a line a picture; without any, removes that of an earlier run."""
    path = data_root / 'skipped.txt'
    if not skipped:
        path.unlink(missing_ok=True)
        return
    with atomic_write(path, 'w', encoding='utf-8') as file:
        file.writelines(f'{name}\t{reason}\n' for name, reason in skipped)


def write_content(path: Path, content: bytes) -> None:
    """Writes one of very many files: whole or not at all, without waiting for the disk."""
    with atomic_write(path, durable=False) as file:
        file.write(content)


def place_file(source: Path, target: Path) -> None:
    """Puts a file into the layout: a hard link, or a copy where links are not possible."""
    if target.is_file() and (target.samefile(source) or filecmp.cmp(source, target, shallow=False)):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        with open(source, 'rb') as original, atomic_write(target) as copy:
            shutil.copyfileobj(original, copy)


def require_space(out: Path, needed: int) -> None:
    """
    Args:
        out: the folder that is to be filled; it need not exist yet.
        needed: bytes.

    Raises:
        DataError: fewer are free.
    """
    free = shutil.disk_usage(existing_parent(out)).free
    if needed > free:
        raise DataError(f'{out}: about {needed / 1e9:.2f} GB are needed, but {free / 1e9:.2f} GB are free. '
                        'Make room, or choose another --out; what is done already is kept.')


def on_disk(size: int) -> int:
    """Bytes that a file of ``size`` bytes takes."""
    return -(-size // BLOCK) * BLOCK


class Journal:
    """What a preparation has judged already, one line each, so that a stopped one can go on.

    Lines are appended as the work goes on; a half-written last line is forgotten, and its item
    is done again.

    Args:
        path: of the file, in a folder of its own inside the one that is made.
        begun_with: identities of what it is made from (:meth:`~genzoo.utils.Source.identity`); a
            stopped preparation goes on with the same ones, or more of them.
        overwrite: whether it may begin anew with others.

    Raises:
        ConfigError: it may not.
    """

    def __init__(self, path: Path, begun_with: list, overwrite: bool = False) -> None:
        self.path, self._added = path, False
        before, *entries = list(_whole_lines(path)) or [begun_with]
        if entries and not all(identity in begun_with for identity in before):
            if not overwrite:
                raise ConfigError(f'{path.parent.parent}: was begun from {_names(before)}, not from this '
                                  f'{_names(begun_with)}. Give the same again, or --overwrite to begin anew.')
            entries = []
        self.done: dict[str, tuple[Any, str]] = {key: (stamp, reason) for key, stamp, reason in entries}
        with atomic_write(path, 'w', encoding='utf-8') as file:
            file.writelines(f'{json.dumps(line)}\n' for line in [begun_with, *entries])
        self._file = open(path, 'a', encoding='utf-8', buffering=1)  # noqa: SIM115 (until close())

    def add(self, key: str, stamp: Any, reason: str = '') -> None:
        """
        Args:
            key: of what was judged.
            stamp: by which its state is recognised, e.g. its size.
            reason: why it cannot be used; empty: it can.
        """
        self.done[key] = stamp, reason
        self._added = True
        self._file.write(f'{json.dumps([key, stamp, reason])}\n')

    def close(self, finished: bool) -> None:
        """
        Args:
            finished: whether nobody needs the journal any more.
        """
        self._file.close()
        former = self.path.parent / 'captions.pickle'
        if not finished and not self._added and former.exists():  # nothing has changed yet
            former.replace(self.path.parent.parent / former.name)
            finished = True
        if finished or not self.done:
            shutil.rmtree(self.path.parent, ignore_errors=True)


def _whole_lines(path: Path) -> Iterator[Any]:
    if not path.is_file():
        return
    for line in path.read_text(encoding='utf-8', errors='replace').splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def require_count(captions_per_image: int) -> None:
    """Raises ConfigError unless there is to be a caption."""
    if captions_per_image < 1:
        raise ConfigError(f'--captions-per-image {captions_per_image}: must be at least 1.')


def require_other_folder(out: str | Path, source: str | Path, option: str) -> None:
    """
    Args:
        out: the folder to make.
        source: what it is made from.
        option: of ``source``.

    Raises:
        ConfigError: one is the other or lies in it: files would be read and replaced at once.
    """
    made, read = Path(out).expanduser().resolve(), Path(source).expanduser().resolve()
    if made == read or read in made.parents or made in read.parents:
        raise ConfigError(f'--out {out}: is, lies in, or holds {option} {source}, which would be read and replaced at '
                          'once. Choose another folder for --out.')


def require_own_folder(out: str | Path, overwrite: bool) -> None:
    """
    Args:
        out: the folder to make.
        overwrite: whether what stands there may be replaced.

    Raises:
        ConfigError: it holds files that no earlier call has made.
    """
    out = Path(out).expanduser()
    made = (out / WORK).exists() or (out / 'captions.pickle').exists()
    if not overwrite and not made and out.is_dir() and any(out.iterdir()):
        raise ConfigError(f'--out {out}: holds other files. Choose a new folder, or give --overwrite to replace those '
                          'of the same names.')


def _names(begun_with: list) -> str:
    return ', '.join(str(identity[0]) for identity in begun_with)


@contextmanager
def begun(out: str | Path, begun_with: list, overwrite: bool) -> Iterator[tuple[Path, Journal]]:
    """Opens the journal of a folder that is to be made, or is half made, and closes it when the block ends.

    If the block fails before anything is done, nothing is left behind.

    Args:
        out: the folder.
        begun_with: see :class:`Journal`.
        overwrite: whether a folder that is complete, or half made from something else, may be
            made again.

    Raises:
        ConfigError: it may not, or ``out`` is a file or cannot be written to.
    """
    out = Path(out).expanduser()
    if out.exists() and not out.is_dir():
        raise ConfigError(f'--out {out}: is a file. Choose a folder.')
    require_folder_to_fill(out)
    complete = out / 'captions.pickle'
    refuse_existing([complete], overwrite, OVERWRITE)
    path = out / WORK / 'images.jsonl'
    with no_empty_folders(out):
        if complete.exists():
            path.unlink(missing_ok=True)
            path.parent.mkdir(exist_ok=True)
            complete.replace(path.parent / complete.name)  # from here on the folder is half made
        journal, finished = Journal(path, begun_with, overwrite), False
        try:
            yield out, journal
            finished = True
        finally:
            journal.close(finished)
