"""Archives that a user gave, read entry by entry; what to write, and where, is the caller's choice."""
import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import DataError

FETCH_AGAIN = 'Fetch it again.'
# RuntimeError: encrypted; NotImplementedError: compressed in a way that Python does not know.
_BROKEN = (EOFError, tarfile.TarError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, struct.error, RuntimeError,
           NotImplementedError, ValueError)


@dataclass(frozen=True)
class Entry:
    """One file of an archive or folder.

    Args:
        name: with '/' between folders, relative, without '..'.
        size: in bytes.
        read: gives the content; of an entry of an archive only while the iteration stands at it.
        path: where it lies, if it is a file of its own.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    path: Path | None = None


def safe_name(name: str, source: str | Path) -> str:
    """``name`` without a leading './'.

    Raises:
        DataError: it leads out of the folder that the archive is to be unpacked into.
    """
    plain = name.replace('\\', '/')
    if plain.startswith('/') or '..' in plain.split('/') or plain[1:2] == ':' or '\0' in plain:
        raise DataError(f'{source}: its entry {name!r} would be written outside of the folder, so nothing of it is '
                        'used. Take the archive from its official page.')
    return str(PurePosixPath(plain))


@contextmanager
def _naming(source: str | Path) -> Iterator[None]:
    """Says which archive it is that cannot be read."""
    try:
        yield
    except DataError:
        raise
    except _BROKEN as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise DataError(f'{source}: truncated or damaged ({reason}). {FETCH_AGAIN}') from error


class Source:
    """A folder, or a .zip, .tar or .tar.gz that is read without being unpacked.

    Iterating yields an :class:`Entry` a regular file, in the archive's order; links within
    archives are never followed, and what macOS adds is left out.

    Args:
        path: of the folder or archive.
        label: how to call it in messages; default: its path.

    Raises:
        DataError: it is missing, damaged or of another kind; while iterating, too: an entry
            leads outside of the archive's folder.
    """

    def __init__(self, path: str | Path, label: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self.label = label or str(self.path)
        self._entries = self._find_reader()

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries():
            parts = PurePosixPath(entry.name).parts
            if parts and '__MACOSX' not in parts and not parts[-1].startswith('._'):
                yield entry

    @property
    def is_stream(self) -> bool:
        """Whether it can only be read from front to end, like a .tar.gz."""
        return self._entries == self._tar_entries

    def identity(self) -> list:
        """What tells this source from another one: an archive's name, whose download may go on, or a folder's place."""
        return [str(self.path.resolve()) if self.path.is_dir() else self.path.name]

    def _find_reader(self) -> Callable[[], Iterator[Entry]]:
        if self.path.is_dir():
            return self._folder_entries
        if not self.path.is_file():
            raise DataError(f'{self.path}: there is no such folder or archive. Check the path.')
        with open(self.path, 'rb') as file:
            head = file.read(512)
        if head[:4] in (b'PK\3\4', b'PK\5\6'):
            return lambda: zip_entries(self.path, self.label)
        if head[:2] == b'\x1f\x8b' or head[257:262] == b'ustar':
            return self._tar_entries
        kind = 'a web page' if head.lstrip()[:1] == b'<' else 'of another kind'
        raise DataError(f'{self.path}: not a folder, .zip, .tar or .tar.gz, but {kind}. {FETCH_AGAIN}')

    def _folder_entries(self) -> Iterator[Entry]:
        seen = set()
        for folder, folders, names in os.walk(self.path, followlinks=True):
            if os.path.realpath(folder) in seen:  # a link to a folder above
                folders.clear()
                continue
            seen.add(os.path.realpath(folder))
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file():
                    yield Entry(path.relative_to(self.path).as_posix(), path.stat().st_size, path.read_bytes, path)

    def _tar_entries(self) -> Iterator[Entry]:
        with _naming(self.label):
            archive = tarfile.open(self.path, 'r:*')  # noqa: SIM115 (errors from here on are the caller's)
        with archive:
            while True:
                with _naming(self.label):
                    member = archive.next()
                    if member is None:
                        _require_end(archive)
                        return
                name = safe_name(member.name, self.label)
                if member.issym() or member.islnk():
                    self._require_inside(member)
                if member.isreg():
                    yield Entry(name, member.size, lambda member=member: self._read_member(archive, member))
                archive.members.clear()  # nobody asks for them again, and there may be very many

    def _require_inside(self, member: tarfile.TarInfo) -> None:
        folder = os.path.dirname(member.name) if member.issym() else ''
        safe_name(os.path.normpath(os.path.join(folder, member.linkname)), self.label)

    def _read_member(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        with _naming(self.label):
            content = archive.extractfile(member).read()
            if len(content) < member.size:
                raise EOFError(f'{member.name} ends early')
            return content


def _require_end(archive: tarfile.TarFile) -> None:
    """Python takes half a header, or a damaged one, for the end of a tar; its true end is two blocks of zeros."""
    if archive.fileobj.tell() < archive.offset + tarfile.BLOCKSIZE or any(archive.fileobj.read(tarfile.BLOCKSIZE)):
        raise EOFError('it ends early')


def zip_entries(file: str | Path | io.BytesIO, label: str) -> Iterator[Entry]:
    """Regular files of a zip archive; see :class:`Source`.

    Args:
        file: its path or content.
        label: how to call it in messages.
    """
    def read(info: zipfile.ZipInfo) -> bytes:
        with _naming(label):
            return archive.read(info)

    with _naming(label):
        archive = zipfile.ZipFile(file)
    with archive:
        for info in archive.infolist():
            name = safe_name(info.filename, label)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if not info.is_dir() and kind in (0, stat.S_IFREG):
                yield Entry(name, info.file_size, lambda info=info: read(info))
