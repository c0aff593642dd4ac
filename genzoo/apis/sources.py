"""Where the files of weights come from, and how each kind of place is fetched from."""
import glob
import re
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

import gdown
import requests
from tqdm import tqdm

from ..errors import ConfigError, WeightsError
from ..utils import atomic_write, require_file
from .alone import alone
from .fetch import ANY, PATIENT, Expected, Patience, fetch_http, looks_like_web_page, reason_of

WEB, DRIVE, BY_HAND, FILE, SHIPPED = 'web', 'Google Drive', 'by hand', 'file', 'shipped'
NO_DIRECT_LINKS = ('1drv.ms', 'onedrive.live.com', 'sharepoint.com')  # pages for people


@dataclass(frozen=True)
class Source:
    """A file to fetch.

    Args:
        url: ``https://...``, ``file:...``, a link to Google Drive or OneDrive, or a path in the repository.
        save_as: where it is put, from the root of the downloads; the file name of what is fetched
            by hand may be a pattern, e.g. ``netG_*.pth``.
        expected: SHA-256 and size, as far as known.
        members: names of the files to take out of it if it is an archive; they get into ``extract_to``.
        extract_to: a folder, from the root of the downloads.
        note: what is known of it, for people.
    """

    url: str
    save_as: str
    expected: Expected = ANY
    members: tuple[str, ...] = ()
    extract_to: str | None = None
    note: str | None = None

    @property
    def kind(self) -> str:
        """What sort of place it is at, see :func:`kind_of`."""
        return kind_of(self.url)

    def files(self, root: Path) -> list[Path]:
        """What there will be, or is: the archive's members, or the file; of a pattern all that match.

        Args:
            root: of the downloads.
        """
        if self.members:
            return [root / self.extract_to / member for member in self.members]
        if self.kind == BY_HAND:
            place = root / self.save_as
            return sorted(Path(name) for name in glob.glob(f'{glob.escape(str(place.parent))}/{place.name}'))
        return [root / self.save_as]


def kind_of(url: str) -> str:
    """Which sort of place an address is.

    >>> [kind_of(url) for url in ('https://a.org/b.pth', 'https://1drv.ms/u/x', 'checkpoints/b.pth')]
    ['web', 'by hand', 'shipped']
    """
    parts = urlsplit(url)
    host = parts.hostname or ''
    if parts.scheme == 'file':
        return FILE
    if parts.scheme not in ('http', 'https'):
        return SHIPPED
    if any(host == name or host.endswith(f'.{name}') for name in NO_DIRECT_LINKS):
        return BY_HAND
    if host in ('drive.google.com', 'docs.google.com'):
        return DRIVE if drive_id(url) else BY_HAND  # a folder is a page for people, too
    return WEB


def drive_id(url: str) -> str | None:
    """The id of a file on Google Drive; None for folders.

    >>> drive_id('https://drive.google.com/open?id=1GNUK'), drive_id('https://drive.google.com/file/d/1GNUK/view')
    ('1GNUK', '1GNUK')
    """
    parts = urlsplit(url)
    match = re.match(r'/file/(?:u/\d+/)?d/([\w-]+)', parts.path)
    ids = [match[1]] if match else parse_qs(parts.query).get('id', [])
    return ids[0] if ids else None


def obtain(source: Source, root: Path, repository: Path, overwrite: bool = False, progress: bool = True,
           patience: Patience = PATIENT) -> str:
    """Puts a source's files where they belong; those that are there already and right are kept.

    Args:
        source: what to fetch; not by hand.
        root: of the downloads.
        repository: where shipped files are.
        overwrite: fetches again what is there.
        progress: shows a bar, on a terminal only.
        patience: how long to try.

    Returns:
        What was done, a line.

    Raises:
        ConfigError: another file than expected is there, and ``overwrite`` is not given.
        WeightsError: it cannot be had, or is not what was expected.
    """
    missing = [path for path in source.files(root) if not path.is_file()]
    target = root / source.save_as
    if source.members and not missing and not overwrite and not _newer(target, source.files(root)):
        return f'{", ".join(map(str, source.files(root)))}: there already, so {_archive_left(target)}'
    if target.exists() and not _replaceable(source, root, repository, overwrite):
        line = _kept(source, target, repository)
    else:
        _FETCH[source.kind](source, target, repository, progress, patience)
        line = f'{target}: fetched from {source.url}{_checked(source)}'
    return line if not source.members else f'{line}; {extract(target, source.members, root / source.extract_to)}'


def _archive_left(archive: Path) -> str:
    """What was not done with an archive whose members are there."""
    return (f'nothing was taken out of {archive}' if archive.exists() else
            f'{archive} was not fetched (--overwrite fetches it)')


def _replaceable(source: Source, root: Path, repository: Path, overwrite: bool) -> bool:
    """Whether an existing target may be fetched again; a shipped file in its own place never is."""
    return overwrite and not _in_its_own_place(source, root / source.save_as, repository)


def _in_its_own_place(source: Source, target: Path, repository: Path) -> bool:
    """Whether the target is the shipped file itself."""
    return source.kind == SHIPPED and target.resolve() == (repository / source.url).resolve()


def _newer(archive: Path, members: list[Path]) -> bool:
    """Whether an archive was put there after its members were taken out of an earlier one."""
    return archive.exists() and archive.stat().st_mtime_ns > max(path.stat().st_mtime_ns for path in members)


def _kept(source: Source, target: Path, repository: Path) -> str:
    require_file(target, 'the target', 'Move it away.', ConfigError)
    problem = source.expected.problem(target)
    if problem is not None:
        remedy = (_restore(source) if _in_its_own_place(source, target, repository) else
                  'Move it away, or give --overwrite to fetch it again.')
        raise ConfigError(f'{target}: exists already and is another file: {problem}. {remedy}')
    return f'{target}: there already{_checked(source)}'


def _checked(source: Source) -> str:
    if source.expected.sha256:
        return ', its SHA-256 is right'
    return ' (its SHA-256 is not published, so it could not be compared)'


def _from_web(source: Source, target: Path, repository: Path, progress: bool, patience: Patience) -> None:
    fetch_http(source.url, target, source.expected, patience, progress)


def _restore(source: Source) -> str:
    return f'Restore it: git checkout -- {source.url}.' if source.kind == SHIPPED else 'Restore it.'


def _from_disk(source: Source, target: Path, repository: Path, progress: bool, patience: Patience) -> None:
    path = repository / source.url
    if source.kind == FILE:
        path = Path(unquote(urlsplit(source.url).path))
    require_file(path, f'{target.name}', f'{_restore(source)[:-1]}, or correct the metafile.', WeightsError)
    problem = source.expected.problem(path)
    if problem is not None:
        raise WeightsError(f'{path}: not the file that was expected: {problem}. {_restore(source)}')
    with open(path, 'rb') as origin, atomic_write(target) as file:
        shutil.copyfileobj(origin, file)


def _from_drive(source: Source, target: Path, repository: Path, progress: bool, patience: Patience) -> None:
    """Through gdown, into a neighbour of the target, which is checked before it gets the final name."""
    with alone(target) as there:
        if not there or source.expected.problem(target) is not None:
            _from_drive_alone(source, target, progress, patience)


def _from_drive_alone(source: Source, target: Path, progress: bool, patience: Patience) -> None:
    whole = target.with_name(f'{target.name}.drive')  # gdown's own parts stand beside it, and are resumed
    identity = drive_id(source.url)
    by_hand = (f'Open https://drive.google.com/file/d/{identity}/view in a browser, save the file as {target} and give '
               'the command again.')
    with _drive_errors(source.url, by_hand), _drive_bar(target.name, progress) as report:
        gdown.download(id=identity, output=str(whole), quiet=True, resume=True, progress=report,
                       timeout=patience.timeout, retries=patience.attempts - 1)
    with open(whole, 'rb') as file:
        is_page = looks_like_web_page(file.read(64))
    problem = 'it is a web page' if is_page else source.expected.problem(whole)
    if problem is not None:
        whole.unlink()
        raise WeightsError(f'{source.url}: not the file that was expected: {problem}. Nothing was kept. {by_hand}')
    whole.replace(target)


@contextmanager
def _drive_errors(url: str, by_hand: str) -> Iterator[None]:
    try:
        yield
    except (gdown.exceptions.DownloadError, requests.RequestException, OSError) as error:
        reason = reason_of(error)[:200]
        raise WeightsError(f'{url}: cannot be fetched from Google Drive ({reason}). {by_hand}') from error


@contextmanager
def _drive_bar(name: str, progress: bool) -> Iterator:
    with tqdm(unit='B', unit_scale=True, unit_divisor=1024, desc=name, disable=None if progress else True) as bar:
        def report(so_far: int, total: int | None) -> None:
            bar.total = total
            bar.update(so_far - bar.n)

        yield report


_FETCH = {WEB: _from_web, DRIVE: _from_drive, FILE: _from_disk, SHIPPED: _from_disk}


def extract(archive: Path, members: tuple[str, ...], folder: Path) -> str:
    """Takes named files out of a zip or tar archive, whatever folders they lie in there.

    Only the content of these members is read; names, links and rights in the archive decide
    nothing about where and what is written.

    Args:
        archive: a ``.zip``, ``.tar``, ``.tar.gz``, ...
        members: file names without folders.
        folder: gets them, each whole or not at all.

    Returns:
        What was done, a line.

    Raises:
        WeightsError: no archive, broken, or a member is missing or there twice.
    """
    try:
        with _opened(archive) as (names, read):
            chosen = {member: _only(names, member, archive) for member in members}
            for member, name in chosen.items():
                with read(name) as origin, atomic_write(folder / member) as file:
                    shutil.copyfileobj(origin, file)
    except (WeightsError, OSError):
        raise
    except Exception as error:  # a broken archive raises nearly anything
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise WeightsError(f'{archive}: a broken archive ({reason}). Remove it and give the command again.') from error
    return f'{", ".join(members)} taken out into {folder}'


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[list[str], object]]:
    """The names of all regular files in an archive, and a function that opens one for reading."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield [info.filename for info in opened.infolist() if not info.is_dir()], opened.open
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            yield [info.name for info in opened if info.isfile()], opened.extractfile
    else:
        raise WeightsError(f'{archive}: neither a zip nor a tar archive. Look what it is, and fetch it again.')


def _only(names: list[str], member: str, archive: Path) -> str:
    """The one name that ends in ``member``."""
    found = [name for name in names if PurePosixPath(name).name == member]
    if len(found) != 1:
        what = f'there {len(found)} times ({", ".join(found[:3])})' if found else (
            f'missing; it holds {", ".join(names[:5]) or "nothing"}' + (', ...' if len(names) > 5 else ''))
        raise WeightsError(f'{archive}: {member} is {what}. Take it out by hand into its place.')
    return found[0]
