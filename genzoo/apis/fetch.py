"""A file from the web, under its final name whole or not at all."""
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from ..errors import WeightsError
from ..utils import atomic_write
from .alone import alone

CHUNK = 1 << 14  # bytes; what a connection that breaks off costs at most
PASSING = (408, 429, 500, 502, 503, 504)  # states of a server that may be over soon
LONGEST_PAUSE = 30  # seconds
GZIPPED = ('.gz', '.tgz')  # names of files that are compressed where they are published


class _BrokenOff(Exception):
    """The transfer ended before the file did: worth another attempt."""


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it is fetched.

    Args:
        sha256: 64 hexadecimal digits.
        size: bytes.
    """

    sha256: str | None = None
    size: int | None = None

    def problem(self, path: Path, announced: int | None = None) -> str | None:
        """What is wrong with a file, None if nothing is.

        Args:
            path: the file.
            announced: its size as the server said it, in bytes; a right SHA-256 outweighs it.
        """
        if self.sha256 is not None:
            digest = sha256_of(path)
            return None if digest == self.sha256 else f'its SHA-256 is {digest}, expected was {self.sha256}'
        size, wanted = path.stat().st_size, self.size if self.size is not None else announced
        return None if wanted in (None, size) else f'it has {size} bytes, expected were {wanted}'


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Args:
        attempts: in a row without a new byte.
        backoff: seconds before the second attempt; doubles with each one.
        timeout: seconds without an answer or a byte.
    """

    attempts: int = 5
    backoff: float = 1.0
    timeout: float = 30.0


ANY, PATIENT = Expected(), Patience()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def looks_like_web_page(start: bytes) -> bool:
    """Whether the first bytes of a file are those of an HTML page."""
    return start.lstrip(b'\xef\xbb\xbf \t\r\n')[:14].lower().startswith((b'<!doctype html', b'<html'))


class _Part:
    """What is there of a file: ``<name>.part``, and ``<name>.part.json`` which says of what.

    Args:
        target: the final name.
        url: where it comes from.
        checked: the whole file will be compared with a SHA-256, so that a server without
            ETag and Last-Modified can be trusted to go on with the same file.
    """

    def __init__(self, target: Path, url: str, checked: bool) -> None:
        self.url, self.checked = url, checked
        self.path = target.with_name(f'{target.name}.part')
        self.note_path = target.with_name(f'{target.name}.part.json')
        self.spliced = False  # of bytes of several answers
        self.gzipped = any(name.endswith(GZIPPED) for name in (target.name, re.split('[?#]', url)[0]))
        note = self._read_note()
        self.validator, self.total = note.get('validator'), note.get('total')
        if note.get('url') != url:
            self.discard()

    def _read_note(self) -> dict:
        try:
            note = json.loads(self.note_path.read_text())
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def resumable(self) -> bool:
        """Whether more bytes can be asked for without mixing two versions of the file."""
        return self.size > 0 and (self.validator is not None or self.checked)

    def discard(self) -> None:
        """Forgets all."""
        self.path.unlink(missing_ok=True)
        self.note_path.unlink(missing_ok=True)
        self.validator = self.total = None
        self.spliced = False

    def start(self, validator: str | None, total: int | None) -> None:
        """Begins at byte 0 with another answer of the server."""
        self.discard()
        self.validator, self.total = validator, total
        with atomic_write(self.note_path, 'w') as file:
            json.dump(dict(url=self.url, validator=validator, total=total), file)

    def append(self, chunks: Iterator[bytes], progress: bool) -> None:
        """Adds bytes.

        Raises:
            WeightsError: the disk is full; what was fetched stays.
        """
        with open(self.path, 'ab') as file, tqdm(
                total=self.total, initial=file.tell(), unit='B', unit_scale=True, unit_divisor=1024,
                desc=self.path.stem, disable=None if progress else True) as bar:
            try:
                for chunk in chunks:
                    file.write(chunk)
                    bar.update(len(chunk))
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                raise WeightsError(f'{self.path}: cannot be written ({error.strerror or error}). Free some space and '
                                   'give the same command again; it goes on from there.') from error


def fetch_http(url: str, target: Path, expected: Expected = ANY, patience: Patience = PATIENT,
               progress: bool = True) -> None:
    """Fetches ``url`` into ``target``, which appears whole and checked, or not at all.

    What was fetched when it is interrupted (Ctrl-C, SIGKILL, a full disk, a network that
    fails) stays beside the target and is gone on with by the next call, if the server's file
    is still the same. Of several processes with the same target one fetches; the others wait
    for it, and take its file if it is right.

    Args:
        url: ``http://`` or ``https://``.
        target: the file; it is replaced if it exists.
        expected: what the file is compared with.
        patience: how long to try.
        progress: shows a bar, on a terminal only.

    Raises:
        WeightsError: the server cannot be reached, refuses, breaks off again and again, serves a
            web page, or another file than expected; or the disk is full.
    """
    with alone(target) as there:
        if not there or expected.problem(target) is not None:
            _fetch_alone(url, target, expected, patience, progress)


def _fetch_alone(url: str, target: Path, expected: Expected, patience: Patience, progress: bool) -> None:
    part = _Part(target, url, expected.sha256 is not None)
    for last in (False, True):
        with _session(patience) as session:
            _fill(session, part, patience, progress)
        problem = expected.problem(part.path, part.total)
        if problem is None:
            os.replace(part.path, target)
            part.discard()
            return
        spliced = part.spliced
        part.discard()
        if last or not spliced:  # else an older part may be to blame: once more, from the start
            raise WeightsError(f'{url}: not the file that was expected: {problem}. Nothing of it was kept; it was '
                               'damaged on its way, or replaced where it is published.')


def _session(patience: Patience) -> requests.Session:
    retry = Retry(total=patience.attempts - 1, backoff_factor=patience.backoff, backoff_max=LONGEST_PAUSE,
                  retry_after_max=LONGEST_PAUSE, status_forcelist=PASSING, allowed_methods=('GET',),
                  raise_on_status=False)
    session = requests.Session()
    for scheme in ('http://', 'https://'):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _fill(session: requests.Session, part: _Part, patience: Patience, progress: bool) -> None:
    """Attempts until the part is complete, or no attempt brings a new byte any more."""
    failures, most = 0, part.size
    while True:
        try:
            return _attempt(session, part, patience, progress)
        except _BrokenOff as error:
            failures = 0 if part.size > most else failures + 1
            most = max(most, part.size)
            if failures >= patience.attempts:
                of_all = f' of {part.total}' if part.total else ''
                raise WeightsError(f'{part.url}: {error} after {part.size}{of_all} bytes, {failures} times in a row. '
                                   'Give the same command again later; it goes on from there.') from error
            time.sleep(min(patience.backoff * 2**failures, LONGEST_PAUSE))


def _attempt(session: requests.Session, part: _Part, patience: Patience, progress: bool) -> None:
    """One request, for what is missing or for all.

    Raises:
        _BrokenOff: another attempt may bring more.
        WeightsError: it would not.
    """
    offset = part.size if part.resumable else 0
    headers = {'Accept-Encoding': 'identity'}
    if offset:
        headers['Range'] = f'bytes={offset}-'
        headers |= {'If-Range': part.validator} if part.validator else {}
    with closing(_get(session, part, headers, patience)) as response:
        if offset and response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _all_there(response, part)
        _require_success(response, part.url)
        chunks = _chunks(response, part)
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            _require_continuation(response, part, offset)
            part.spliced = offset > 0
        else:  # all of it: the first time, or the server ignores ranges, or its file changed
            first = next(chunks, b'')
            _refuse_web_page(response, first, part)
            part.start(_validator(response, part), _announced(response, part))
            part.append(iter([first]), False)
        part.append(chunks, progress)


def _get(session: requests.Session, part: _Part, headers: dict, patience: Patience) -> requests.Response:
    try:
        return session.get(part.url, headers=headers, stream=True, timeout=patience.timeout)
    except requests.RequestException as error:
        kept = f' The {part.size} bytes fetched before are kept.' if part.size else ''
        raise WeightsError(f'{part.url}: cannot be reached ({reason_of(error)}). Check the network and the '
                           f'address.{kept}') from error


def reason_of(error: Exception) -> str:
    """The innermost cause that requests and urllib3 wrapped."""
    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    cause = getattr(cause, 'reason', None) or cause
    text = re.sub(r'\[Errno -?\d+\] ', '', ' '.join(str(cause).split()).rsplit(': ', 1)[-1]).rstrip(").'\" ")
    return re.sub(r' \((?=[^)]*$)', ': ', text) or type(cause).__name__  # the bracket that was just closed too early


def _chunks(response: requests.Response, part: _Part) -> Iterator[bytes]:
    try:
        yield from response.raw.stream(CHUNK, decode_content=_to_unpack(response, part))
    except HTTPError as error:
        raise _BrokenOff('the connection broke off') from error


def _require_success(response: requests.Response, url: str) -> None:
    if response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise WeightsError(f'{url}: the server answered {response.status_code} {response.reason or ""}'.rstrip() + '. '
                           'Try it in a browser: the file may have moved, need a login, or be away for a while.')


def _require_continuation(response: requests.Response, part: _Part, offset: int) -> None:
    """Raises _BrokenOff unless the answer goes on where the part ends, with the same file; the part is dropped."""
    start, total = _content_range(response)
    changed = None not in (part.total, total) and part.total != total
    validator = _validator(response, part)
    changed = changed or (None not in (part.validator, validator) and part.validator != validator)
    if start != offset or changed or _to_unpack(response, part):  # a middle cannot be unpacked
        part.discard()
        raise _BrokenOff('the server went on with another part or file')


def _all_there(response: requests.Response, part: _Part) -> None:
    """Returns if the server has no more bytes than the part; else the part is dropped.

    Raises:
        _BrokenOff: it has fewer, or does not say.
    """
    total = _content_range(response)[1]
    part.spliced = True  # of an earlier call, whose file may have been replaced since
    if total != part.size or part.total not in (None, total):
        part.discard()
        raise _BrokenOff('the server refused to go on')


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """First byte and size of the whole file, as ``Content-Range: bytes 5-9/10`` says them."""
    match = re.fullmatch(r'bytes (?:(\d+)-\d+|\*)/(\d+|\*)', response.headers.get('Content-Range', '').strip())
    if match is None:
        return None, None
    start, total = match.groups()
    return start and int(start), int(total) if total != '*' else None


def _to_unpack(response: requests.Response, part: _Part) -> bool:
    """Whether the bytes were compressed on the way although that was not asked for.

    Servers also call a file so that is itself a gzip file (Apache's ``AddEncoding x-gzip .tgz``); it stays as it is.
    """
    encoding = response.headers.get('Content-Encoding', '').strip().lower()
    return encoding not in ('', 'identity') and not (part.gzipped and encoding in ('gzip', 'x-gzip'))


def _validator(response: requests.Response, part: _Part) -> str | None:
    """What identifies this version of the file for ``If-Range``; a weak ETag may not."""
    etag = response.headers.get('ETag', '')
    if _to_unpack(response, part):
        return None
    return etag if etag.startswith('"') else response.headers.get('Last-Modified')


def _announced(response: requests.Response, part: _Part) -> int | None:
    """The size that the server says the file has, in bytes."""
    length = response.headers.get('Content-Length', '')
    return int(length) if length.isdecimal() and not _to_unpack(response, part) else None


def _refuse_web_page(response: requests.Response, first: bytes, part: _Part) -> None:
    kind = response.headers.get('Content-Type', '')
    if kind.startswith('text/html') or looks_like_web_page(first):
        place = f' (from {response.url})' if response.url != part.url else ''
        raise WeightsError(f'{part.url}: a web page came in place of the file{place}, perhaps one to log in. Open it '
                           f'in a browser, save the file as {part.path.with_suffix("")} and give the command again.')
