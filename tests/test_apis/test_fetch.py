import errno
import gzip
import hashlib
import random
import subprocess
import sys
from threading import Event

import pytest

from genzoo.apis import fetch
from genzoo.apis.fetch import ANY, Expected, Patience, fetch_http
from genzoo.errors import WeightsError
from test_apis.web_server import CONTENT, Site, breaking_off, changing, send, serving, status, whole, without_ranges

QUICK = Patience(attempts=3, backoff=0., timeout=5.)
RIGHT = Expected(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
HTML = b'\n<!DOCTYPE html><title>Sign in</title>'


@pytest.fixture
def target(tmp_path):
    return tmp_path / 'weights.pth'


def get(site, target, expected=RIGHT):
    with serving(site) as address:
        fetch_http(f'{address}/weights.pth', target, expected, QUICK, progress=False)


def refused(site, target, match, expected=RIGHT):
    """Fetching fails so, and nothing stands under the final name."""
    with pytest.raises(WeightsError, match=match) as caught:
        get(site, target, expected)
    assert '\n' not in str(caught.value)
    assert not target.exists()


def fetching(url, target):
    """A process that fetches."""
    code = ('import sys; from pathlib import Path; from genzoo.apis.fetch import Expected, Patience, fetch_http; '
            f'fetch_http(sys.argv[1], Path(sys.argv[2]), Expected({RIGHT.sha256!r}), Patience(3, 0., 60.), False)')
    return subprocess.Popen([sys.executable, '-c', code, url, str(target)], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def leftovers(target):
    return sorted(path.name for path in target.parent.iterdir())


def test_whole_file_arrives_and_nothing_else_is_left(target):
    get(Site(), target)
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ['weights.pth']


@pytest.mark.parametrize('expected', [RIGHT, Expected()])
def test_after_a_break_it_goes_on_where_it_stopped(target, expected):
    site = Site(breaking_off(50000), breaking_off(90000), whole)
    get(site, target, expected)
    assert target.read_bytes() == CONTENT
    first, second, third = site.ranges
    starts = [int(text.removeprefix('bytes=').removesuffix('-')) for text in (second, third)]
    assert first is None
    assert 50000 - fetch.CHUNK <= starts[0] <= 50000
    assert 90000 - fetch.CHUNK <= starts[1] <= 90000


def test_server_that_ignores_ranges_is_read_from_the_start_again(target):
    get(Site(without_ranges(50000), without_ranges()), target)
    assert target.read_bytes() == CONTENT


def test_server_that_always_breaks_off_at_the_same_place_is_given_up(target):
    site = Site(without_ranges(50000))
    refused(site, target, r'broke off after \d+ of 102400 bytes, 3 times in a row. .* goes on from there')
    assert len(site.requests) == 1 + 3


def test_next_call_goes_on_with_what_an_earlier_one_left(target):
    refused(Site(breaking_off(50000)), target, 'broke off')
    part = target.with_name('weights.pth.part')
    kept = part.stat().st_size
    assert part.read_bytes() == CONTENT[:kept]
    site = Site()
    with serving(site) as address:
        note = target.with_name('weights.pth.part.json')  # the server's port is another one now
        note.write_text(note.read_text().replace(note.read_text().split('"')[3], f'{address}/weights.pth'))
        fetch_http(f'{address}/weights.pth', target, RIGHT, QUICK, progress=False)
    assert kept > 0
    assert site.ranges == [f'bytes={kept}-']
    assert target.read_bytes() == CONTENT


def test_part_of_another_address_is_not_gone_on_with(target):
    refused(Site(breaking_off(50000)), target, 'broke off')
    site = Site()
    get(site, target)
    assert site.ranges == [None]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize('expected', [Expected(), Expected(hashlib.sha256(CONTENT[::-1]).hexdigest())])
def test_file_that_changed_between_attempts_is_not_mixed(target, expected):
    get(Site(breaking_off(50000), changing(CONTENT[::-1], '"second"', whole)), target, expected)
    assert target.read_bytes() == CONTENT[::-1]


def test_file_that_changed_is_not_mixed_where_the_server_ignores_if_range(target):
    def careless(site, handler):
        start = int(handler.headers.get('Range', 'bytes=0-')[6:-1])
        send(handler, site.content[start:], 206 if start else 200, ETag=site.tag,
             Content_Range=f'bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}')

    get(Site(breaking_off(50000), changing(CONTENT[::-1], '"second"', careless), careless), target, Expected())
    assert target.read_bytes() == CONTENT[::-1]


def test_bytes_of_another_place_than_asked_for_are_not_added(target):
    def elsewhere(site, handler):
        send(handler, site.content[7:], 206, ETag=site.tag, Content_Range=f'bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}')

    get(Site(breaking_off(50000), elsewhere, whole), target, Expected())
    assert target.read_bytes() == CONTENT


def test_without_etag_and_sha256_it_starts_again(target):
    def nameless(stop=None):
        return lambda site, handler: send(handler, CONTENT[:stop], length=len(CONTENT))

    site = Site(nameless(50000), nameless())
    get(site, target, Expected())
    assert site.ranges == [None, None]
    assert target.read_bytes() == CONTENT


def test_part_that_was_complete_already_is_taken(target):
    site = Site()
    with serving(site) as address:
        target.with_name('weights.pth.part').write_bytes(CONTENT)
        target.with_name('weights.pth.part.json').write_text(
            f'{{"url": "{address}/weights.pth", "validator": "\\"first\\"", "total": {len(CONTENT)}}}')
        fetch_http(f'{address}/weights.pth', target, RIGHT, QUICK, progress=False)
    assert site.ranges == [f'bytes={len(CONTENT)}-']
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ['weights.pth']


def test_old_part_with_wrong_bytes_is_replaced(target):
    site = Site()
    with serving(site) as address:
        target.with_name('weights.pth.part').write_bytes(b'x' * 1000)
        target.with_name('weights.pth.part.json').write_text(
            f'{{"url": "{address}/weights.pth", "validator": "\\"first\\"", "total": {len(CONTENT)}}}')
        fetch_http(f'{address}/weights.pth', target, RIGHT, QUICK, progress=False)
    assert site.ranges == ['bytes=1000-', None]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize('note', ['', '[]', '{"url": 3}', 'no json'])
def test_broken_note_beside_a_part_only_costs_the_part(target, note):
    target.with_name('weights.pth.part').write_bytes(b'x')
    target.with_name('weights.pth.part.json').write_text(note)
    get(Site(), target)
    assert target.read_bytes() == CONTENT


def test_announced_length_that_never_comes_is_an_error(target):
    def boasting(site, handler):
        send(handler, CONTENT, length=len(CONTENT) + 5)

    refused(Site(boasting), target, 'broke off after .* of 102405 bytes', Expected())


@pytest.mark.parametrize('expected', [RIGHT, Expected(size=len(CONTENT))])
def test_announced_length_that_is_too_short_is_an_error_where_the_size_is_known(target, expected):
    refused(Site(lambda site, handler: send(handler, CONTENT, length=1000)), target, 'not the file that was expected',
            expected)
    assert leftovers(target) == []


def test_wrong_sha256_is_an_error_and_nothing_is_kept(target):
    refused(Site(), target, 'SHA-256 is [0-9a-f]{64}, expected was 0{64}', Expected('0' * 64))
    assert leftovers(target) == []


@pytest.mark.parametrize(('body', 'kind'), [(HTML, 'application/zip'), (b'Log in', 'text/html; charset=utf-8')])
def test_web_page_in_place_of_the_file_is_refused(target, body, kind):
    site = Site(lambda site, handler: send(handler, body, Content_Type=kind))
    refused(site, target, 'a web page came in place of the file, perhaps one to log in', Expected())
    assert leftovers(target) == []
    assert len(site.requests) == 1


def test_redirect_is_followed(target):
    get(Site(lambda site, handler: send(handler, b'', 302, Location='/moved.pth'), whole), target)
    assert target.read_bytes() == CONTENT


def test_redirect_to_a_login_page_names_it(target):
    site = Site(lambda site, handler: send(handler, b'', 302, Location='/login'),
                lambda site, handler: send(handler, HTML, Content_Type='text/html'))
    refused(site, target, r'a web page came in place of the file \(from http://127.0.0.1:\d+/login\)')


def test_endless_redirects_are_an_error(target):
    refused(Site(lambda site, handler: send(handler, b'', 302, Location='/')), target, 'cannot be reached .*redirects')


@pytest.mark.parametrize('code', [401, 403, 404, 410])
def test_refusal_is_told_at_once(target, code):
    site = Site(status(code))
    refused(site, target, f'the server answered {code} ')
    assert len(site.requests) == 1


@pytest.mark.parametrize('code', [429, 500, 503])
def test_server_that_recovers_is_waited_for(target, code):
    get(Site(status(code), status(code, Retry_After='0'), whole), target)
    assert target.read_bytes() == CONTENT


def test_server_that_does_not_recover_is_given_up(target):
    site = Site(status(503))
    refused(site, target, 'the server answered 503 ')
    assert len(site.requests) == QUICK.attempts


def test_server_error_in_the_middle_leaves_the_part(target):
    refused(Site(breaking_off(50000), status(503)), target, 'the server answered 503')
    assert leftovers(target) == ['weights.pth.part', 'weights.pth.part.json']


@pytest.mark.parametrize(('url', 'reason'), [('http://127.0.0.1:1/x', 'Connection refused'), ('http:///x', 'No host'),
                                             ('http://[', 'not a valid host|Invalid|Failed to parse')])
def test_address_that_nobody_answers_is_named(target, url, reason):
    with pytest.raises(WeightsError, match=f'cannot be reached .*({reason})'):
        fetch_http(url, target, RIGHT, QUICK, progress=False)


class BrokenFile:
    """A file that fails after some bytes."""

    def __init__(self, file, room, error):
        self.file, self.room, self.error = file, room, error

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, chunk):
        if self.file.tell() + len(chunk) > self.room:
            raise self.error
        return self.file.write(chunk)


@pytest.mark.parametrize(('error', 'raised', 'match'), [
    (OSError(errno.ENOSPC, 'No space left on device'), WeightsError,
     r'weights.pth.part: cannot be written \(No space left on device\). .* goes on from there'),
    (KeyboardInterrupt(), KeyboardInterrupt, None)])
def test_full_disk_and_ctrl_c_leave_a_part_that_is_gone_on_with(target, monkeypatch, error, raised, match):
    site = Site()
    with serving(site) as address:
        monkeypatch.setattr(fetch, 'open', lambda *args: BrokenFile(open(*args), 50000, error),  # noqa: SIM115
                            raising=False)
        with pytest.raises(raised, match=match):
            fetch_http(f'{address}/weights.pth', target, RIGHT, QUICK, progress=False)
        assert not target.exists()
        monkeypatch.undo()
        kept = target.with_name('weights.pth.part').stat().st_size
        assert 0 < kept < 50000
        fetch_http(f'{address}/weights.pth', target, RIGHT, QUICK, progress=False)
    assert site.ranges == [None, f'bytes={kept}-']
    assert target.read_bytes() == CONTENT


def test_compressed_answer_is_stored_unpacked(target):
    packed = gzip.compress(CONTENT)
    get(Site(lambda site, handler: send(handler, packed, Content_Encoding='gzip')), target)
    assert target.read_bytes() == CONTENT


def encoded_too(encoding, content=CONTENT):
    """Behaves well but for calling the published file gzip-encoded."""
    packed = gzip.compress(content, mtime=0)

    def action(site, handler):
        site.content = packed
        whole(site, handler, Content_Encoding=encoding)
    return action, packed


@pytest.mark.parametrize('name', ['birds.tgz', 'birds.tar.gz', 'birds.tgz?download=1'])
@pytest.mark.parametrize('encoding', ['gzip', 'x-gzip', 'GZIP'])
def test_gzip_file_that_is_called_encoded_too_arrives_as_published(tmp_path, encoding, name):
    action, packed = encoded_too(encoding)
    target, site = tmp_path / 'archive', Site(action)
    with serving(site) as address:
        fetch_http(f'{address}/{name}', target, Expected(hashlib.sha256(packed).hexdigest()), QUICK, progress=False)
    assert site.requests[0]['Accept-Encoding'] == 'identity'
    assert target.read_bytes() == packed


def test_gzip_file_that_is_called_encoded_too_is_gone_on_with_where_it_broke_off(tmp_path):
    noise = random.Random(0).randbytes(80000)
    action, packed = encoded_too('x-gzip', noise)

    def broken(site, handler):
        site.content = packed
        whole(site, handler, 50000, Content_Encoding='x-gzip')

    site = Site(broken, action)
    with serving(site) as address:
        fetch_http(f'{address}/birds.tgz', tmp_path / 'birds.tgz', ANY, QUICK, progress=False)
    assert site.ranges[0] is None
    assert 50000 - fetch.CHUNK <= int(site.ranges[1][6:-1]) <= 50000
    assert (tmp_path / 'birds.tgz').read_bytes() == packed


def test_middle_of_an_answer_that_is_compressed_on_the_way_is_not_added(target):
    packed = gzip.compress(CONTENT)

    def compressing(site, handler):
        start = int(handler.headers.get('Range', 'bytes=0-')[6:-1])
        send(handler, packed[100:] if start else packed, 206 if start else 200, Content_Encoding='gzip',
             Content_Range=f'bytes {start}-{start + len(packed) - 101}/*')

    get(Site(breaking_off(50000), compressing), target)
    assert target.read_bytes() == CONTENT


def test_of_two_processes_with_the_same_target_one_fetches_and_the_other_takes_its_file(target):
    slow, started = Event(), Event()

    def held(site, handler):
        started.set()
        assert slow.wait(60)
        whole(site, handler)

    site = Site(held)
    with serving(site) as address:
        first = fetching(f'{address}/weights.pth', target)
        assert started.wait(60)
        second = fetching(f'{address}/weights.pth', target)
        line = second.stdout.readline()
        slow.set()
        assert [process.wait(60) for process in (first, second)] == [0, 0]
    assert f'{target}: another process is fetching it; waiting' in line
    assert second.stdout.read() == ''
    assert len(site.requests) == 1
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ['weights.pth']


def test_killed_process_leaves_no_lock(target):
    started, over = Event(), Event()

    def stuck(site, handler):
        started.set()
        over.wait(60)

    site = Site(stuck, whole)
    with serving(site) as address:
        first = fetching(f'{address}/weights.pth', target)
        assert started.wait(60)
        assert target.with_name('weights.pth.lock').exists()
        first.kill()
        first.wait(60)
        over.set()
        fetch_http(f'{address}/weights.pth', target, RIGHT, QUICK, progress=False)
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ['weights.pth']


def test_empty_file_arrives(target):
    get(Site(lambda site, handler: send(handler, b'')), target, Expected())
    assert target.read_bytes() == b''
