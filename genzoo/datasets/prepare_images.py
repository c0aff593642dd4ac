"""Pictures of a released data set: from its archives or folders straight into the layout."""
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from ..utils import Entry, Source, existing_parent
from .prepare_parts import (
    Counted,
    Journal,
    Progress,
    on_disk,
    place_file,
    require_space,
    write_content,
)

MAX_BYTES = 64 * 2 ** 20
"""Of one picture; more is no picture of these data sets."""

KeyOf = Callable[[str], str | None]
TargetOf = Callable[[str], Path]


def picture_problem(content: bytes) -> str:
    """Why a picture cannot be decoded; empty if it can."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.draft('RGB', (image.width // 8, image.height // 8))  # all data are read, few are computed with
            image.load()
    except Exception as error:  # a broken picture raises nearly anything
        reason = re.sub(r'<_io\.BytesIO[^>]*>', 'it', ' '.join(str(error).split()))
        return f'truncated or not an image ({reason})'
    return ''


class ImagePlacer:
    """Puts pictures where the layout wants them, and notes in a journal what became of each.

    Args:
        sources: in which the pictures are looked for.
        keys: of the wanted pictures.
        key_of: the key of an entry's name; None: it is no picture.
        target_of: the file of a key.
        journal: with what was done before.
        lists: target of other files that lie beside the pictures, by their last name.
    """

    def __init__(self, sources: Sequence[Source], keys: Sequence[str], key_of: KeyOf, target_of: TargetOf,
                 journal: Journal, lists: Mapping[str, Path] = MappingProxyType({})) -> None:
        self.sources, self.keys, self.key_of, self.target_of = sources, keys, key_of, target_of
        self.journal, self.lists = journal, dict(lists)
        self.todo = {key for key in keys if not self._is_done(key)}

    def _is_done(self, key: str) -> bool:
        size, reason = self.journal.done.get(key, (None, ''))
        if size is None or reason:  # what was broken may have been fetched again
            return False
        target = self.target_of(key)
        return target.is_file() and target.stat().st_size == size

    def require_space(self, out: Path) -> None:
        """Raises DataError if the disk has no room for what is left to do."""
        if self.todo:
            require_space(out, sum(self._needed(source, out) for source in self.sources))

    def _needed(self, source: Source, out: Path) -> int:
        if source.path.is_dir() and source.path.stat().st_dev == existing_parent(out).stat().st_dev:
            return 0  # hard links
        if source.is_stream:  # no list of its files; pictures are hardly compressed
            done = sum(size for size, reason in self.journal.done.values() if not reason)
            return max(source.path.stat().st_size - done, 0)
        return sum(on_disk(entry.size) for entry in source if self.key_of(entry.name) in self.todo)

    def place(self, progress: Progress = iter) -> dict[str, str]:
        """Does what is left to do.

        Args:
            progress: wraps the iteration over the pictures, e.g. ``tqdm``.

        Returns:
            Why not, for each key whose picture cannot be used.

        Raises:
            DataError: an archive is damaged.
        """
        for key, entry in progress(Counted(self._left(), len(self.todo))):
            problem = self._place(key, entry)
            self.journal.add(key, entry.size, problem)
        where = ' or '.join(source.label for source in self.sources)
        missing = dict.fromkeys(self.todo, f'no picture of this name in {where}')
        judged = {key: self.journal.done.get(key, (0, ''))[1] for key in self.keys}
        return {**missing, **{key: reason for key, reason in judged.items() if reason}}

    def _left(self) -> Iterator[tuple[str, Entry]]:
        for source in self.sources:
            for entry in source if self._is_wanting() else ():
                key = self.key_of(entry.name)
                if key in self.todo:
                    yield key, entry
                    self.todo.discard(key)
                self._write_list(entry)

    def _is_wanting(self) -> bool:
        return bool(self.todo) or not all(target.is_file() for target in self.lists.values())

    def _write_list(self, entry: Entry) -> None:
        target = self.lists.get(entry.name.rpartition('/')[2])
        if target is None:
            return
        content = entry.read()
        if not target.is_file() or target.read_bytes() != content:
            write_content(target, content)

    def _place(self, key: str, entry: Entry) -> str:
        if entry.size > MAX_BYTES:
            return f'{entry.size / 2 ** 20:.0f} MiB, more than a picture has'
        content = entry.read()
        problem = picture_problem(content)
        if not problem:
            target = self.target_of(key)
            if entry.path is not None:
                place_file(entry.path, target)
            else:
                write_content(target, content)
        return problem
