import hashlib
import inspect
import io
import os
import tarfile
import zipfile
from contextlib import contextmanager

import gdown
import pytest
import requests

from genzoo.apis import sources
from genzoo.apis.fetch import Expected, Patience
from genzoo.apis.sources import BY_HAND, DRIVE, FILE, SHIPPED, WEB, Source, drive_id, extract, kind_of, obtain
from genzoo.errors import ConfigError, WeightsError
from test_apis.web_server import CONTENT, Site, serving

QUICK = Patience(attempts=2, backoff=0., timeout=5.)
RIGHT = Expected(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
WRONG = Expected('0' * 64)
DRIVE_URL = 'https://drive.google.com/open?id=1GNUK'


def get(source, tmp_path, **options):
    return obtain(source, tmp_path / 'root', tmp_path / 'repository', progress=False, patience=QUICK, **options)


@pytest.fixture
def target(tmp_path):
    return tmp_path / 'root' / 'checkpoints' / 'a.pth'


def put(path, content=CONTENT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(('url', 'kind'), [
    ('https://download.pytorch.org/models/a.pth', WEB), ('http://a.org/a.pth', WEB), ('file:///data/a.pth', FILE),
    ('checkpoints/a.pth', SHIPPED), (DRIVE_URL, DRIVE),
    ('https://drive.google.com/file/d/1GNUK/view?usp=sharing', DRIVE),
    ('https://drive.google.com/file/u/1/d/1GNUK/view', DRIVE), ('https://drive.google.com/uc?id=1GNUK', DRIVE),
    ('https://drive.google.com/drive/folders/1q_YdEBylrAWeuSleq6Jp58epE3KM-oXK', BY_HAND),
    ('https://1drv.ms/u/s!At2Rx?e=TtJNEW', BY_HAND), ('https://onedrive.live.com/?id=3', BY_HAND),
    ('https://hkustconnect-my.sharepoint.com/:f:/g/personal/x', BY_HAND), ('https://not1drv.ms.org/a.pth', WEB)])
def test_address_says_how_it_is_fetched(url, kind):
    assert kind_of(url) == kind


def test_drive_folders_have_no_file_id():
    assert drive_id('https://drive.google.com/drive/folders/1q_Y') is None


def test_file_address_is_copied_and_compared(tmp_path, target):
    origin = put(tmp_path / 'with space' / 'a.pth')
    line = get(Source(origin.as_uri(), 'checkpoints/a.pth', RIGHT), tmp_path)
    assert target.read_bytes() == CONTENT
    assert line == f'{target}: fetched from {origin.as_uri()}, its SHA-256 is right'
    with pytest.raises(WeightsError, match='a.pth: not the file that was expected: its SHA-256'):
        get(Source(origin.as_uri(), 'b.pth', WRONG), tmp_path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match='nowhere.pth: b.pth is missing'):
        get(Source((tmp_path / 'nowhere.pth').as_uri(), 'b.pth'), tmp_path)


def test_shipped_file_is_verified_in_its_place_and_copied_to_another(tmp_path, target):
    shipped = put(tmp_path / 'repository' / 'checkpoints' / 'a.pth')
    source = Source('checkpoints/a.pth', 'checkpoints/a.pth', RIGHT)
    get(source, tmp_path)
    assert target.read_bytes() == CONTENT
    repository = tmp_path / 'repository'
    line = obtain(source, repository, repository, overwrite=True)
    assert line == f'{shipped}: there already, its SHA-256 is right'
    shipped.write_bytes(b'changed')
    with pytest.raises(ConfigError, match='exists already and is another file'):
        obtain(source, repository, repository, overwrite=True)
    assert shipped.read_bytes() == b'changed'


def test_existing_target_is_kept_if_right_refused_if_wrong_and_replaced_if_wanted(tmp_path, target):
    site = Site()
    with serving(site) as address:
        source = Source(f'{address}/a.pth', 'checkpoints/a.pth', RIGHT)
        put(target)
        assert get(source, tmp_path) == f'{target}: there already, its SHA-256 is right'
        put(target, b'mine')
        with pytest.raises(ConfigError, match='exists already and is another file: its SHA-256 .*--overwrite'):
            get(source, tmp_path)
        assert target.read_bytes() == b'mine'
        assert not site.requests
        get(source, tmp_path, overwrite=True)
    assert target.read_bytes() == CONTENT


def test_existing_target_that_cannot_be_compared_is_kept_and_said_to_be_so(tmp_path, target):
    put(target, b'mine')
    line = get(Source('http://127.0.0.1:1/a.pth', 'checkpoints/a.pth'), tmp_path)
    assert line == f'{target}: there already (its SHA-256 is not published, so it could not be compared)'


def test_folder_in_place_of_the_target_is_named(tmp_path, target):
    target.mkdir(parents=True)
    with pytest.raises(ConfigError, match='a.pth: is a folder'):
        get(Source('http://127.0.0.1:1/a.pth', 'checkpoints/a.pth'), tmp_path)


REAL_SIGNATURE = inspect.signature(gdown.download)


@pytest.fixture
def drive(monkeypatch):
    """What stands for Google Drive: set ``content``, or ``error`` to be raised; ``calls`` are recorded."""
    class Drive:
        content, error, calls = CONTENT, None, []

    def download(*args, **options):
        call = REAL_SIGNATURE.bind(*args, **options).arguments
        Drive.calls = [*Drive.calls, call]
        if Drive.error is not None:
            raise Drive.error
        call['progress'](len(Drive.content), None)
        with open(call['output'], 'wb') as file:
            file.write(Drive.content)
        return call['output']

    monkeypatch.setattr(sources.gdown, 'download', download)
    return Drive


def test_google_drive_is_asked_for_the_id_and_the_file_compared(tmp_path, target, drive):
    get(Source(DRIVE_URL, 'checkpoints/a.pth', RIGHT), tmp_path)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ['a.pth']
    assert drive.calls[0]['id'] == '1GNUK'
    assert drive.calls[0]['resume'] is True


@pytest.mark.parametrize(('content', 'expected', 'match'), [
    (b'<html>Sign in</html>', Expected(), 'it is a web page'), (CONTENT, WRONG, 'its SHA-256'),
    (CONTENT[:5], Expected(size=len(CONTENT)), 'it has 5 bytes, expected were 102400')])
def test_wrong_file_from_google_drive_is_not_kept(tmp_path, target, drive, content, expected, match):
    drive.content = content
    with pytest.raises(WeightsError, match=f'not the file that was expected: {match}.*save the file as {target}'):
        get(Source(DRIVE_URL, 'checkpoints/a.pth', expected), tmp_path)
    assert not target.parent.exists()


@pytest.mark.parametrize('error', [
    gdown.exceptions.FileURLRetrievalError('Cannot retrieve the public link of the file.\nToo many users'),
    gdown.exceptions.DownloadError('cut'), requests.ConnectionError('no net'), TimeoutError()])
def test_failure_of_google_drive_says_what_to_do_by_hand(tmp_path, target, drive, error):
    drive.error = error
    with pytest.raises(WeightsError, match='cannot be fetched from Google Drive .*1GNUK/view in a browser') as info:
        get(Source(DRIVE_URL, 'checkpoints/a.pth'), tmp_path)
    assert '\n' not in str(info.value)
    assert not target.exists()


def test_ctrl_c_passes_through_google_drive(tmp_path, drive):
    drive.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        get(Source(DRIVE_URL, 'checkpoints/a.pth'), tmp_path)


def zipped(path, **files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_only_the_named_members_are_taken_out_wherever_they_lie(tmp_path):
    archive = zipped(tmp_path / 'a.zip', **{'bird/text.pth': b'text', 'other/image.pth': b'image', 'bird/rest': b'rest',
                                            '__MACOSX/bird/._text.pth': b'fork', 'bird/': b''})
    extract(archive, ('text.pth', 'image.pth'), tmp_path / 'out' / 'bird')
    assert {path.name: path.read_bytes() for path in (tmp_path / 'out' / 'bird').iterdir()} == {
        'text.pth': b'text', 'image.pth': b'image'}


@pytest.mark.parametrize('name', ['../../text.pth', '/tmp/genzoo_escape/text.pth'])
def test_paths_in_an_archive_do_not_lead_out_of_the_folder(tmp_path, name):
    extract(zipped(tmp_path / 'a' / 'a.zip', **{name: b'text'}), ('text.pth',), tmp_path / 'b' / 'c')
    assert (tmp_path / 'b' / 'c' / 'text.pth').read_bytes() == b'text'
    assert sorted(path.name for path in tmp_path.rglob('text.pth')) == ['text.pth']


def test_tar_archives_are_read_too_and_their_links_ignored(tmp_path):
    with tarfile.open(tmp_path / 'a.tgz', 'w:gz') as archive:
        info = tarfile.TarInfo('bird/text.pth')
        info.size = 4
        archive.addfile(info, io.BytesIO(b'text'))
        link = tarfile.TarInfo('x/text.pth')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        archive.addfile(link)
    extract(tmp_path / 'a.tgz', ('text.pth',), tmp_path / 'out')
    assert (tmp_path / 'out' / 'text.pth').read_bytes() == b'text'


@pytest.mark.parametrize(('files', 'match'), [
    ({'a/other.pth': b''}, 'text.pth is missing; it holds a/other.pth'),
    ({'a/text.pth': b'', 'b/text.pth': b''}, r'text.pth is there 2 times \(a/text.pth, b/text.pth\)'),
    ({}, 'text.pth is missing; it holds nothing')])
def test_member_that_is_not_there_once_is_named(tmp_path, files, match):
    with pytest.raises(WeightsError, match=match):
        extract(zipped(tmp_path / 'a.zip', **files), ('text.pth',), tmp_path / 'out')


def test_file_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(WeightsError, match='neither a zip nor a tar archive'):
        extract(put(tmp_path / 'a.zip'), ('text.pth',), tmp_path)


def test_damaged_archive_leaves_no_half_member(tmp_path):
    archive = zipped(tmp_path / 'a.zip', **{'text.pth': CONTENT})
    content = bytearray(archive.read_bytes())
    content[5000] ^= 255
    archive.write_bytes(content)
    with pytest.raises(WeightsError, match='a broken archive .*CRC'):
        extract(archive, ('text.pth',), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_archive_is_fetched_once_and_its_members_are_kept(tmp_path, drive):
    drive.content = zipped(tmp_path / 'a.zip', **{'bird/text.pth': b'text'}).read_bytes()
    source = Source(DRIVE_URL, 'DAMSM/bird.zip', members=('text.pth',), extract_to='DAMSM/bird')
    first, second = get(source, tmp_path), get(source, tmp_path)
    member = tmp_path / 'root' / 'DAMSM' / 'bird' / 'text.pth'
    assert member.read_bytes() == b'text'
    assert first.endswith(f'text.pth taken out into {member.parent}')
    assert second == f'{member}: there already, so nothing was taken out of {tmp_path}/root/DAMSM/bird.zip'
    assert len(drive.calls) == 1


def test_archive_whose_members_are_there_is_said_not_to_be_fetched(tmp_path, drive):
    drive.content = zipped(tmp_path / 'a.zip', **{'birds/captions.pickle': b'new'}).read_bytes()
    member = put(tmp_path / 'root' / 'DAMSM' / 'captions.pickle', b'old')
    archive = tmp_path / 'root' / 'data' / 'birds_metadata.zip'
    source = Source(DRIVE_URL, 'data/birds_metadata.zip', members=('captions.pickle',), extract_to='DAMSM')
    line = get(source, tmp_path)
    assert line == f'{member}: there already, so {archive} was not fetched (--overwrite fetches it)'
    assert not drive.calls
    get(source, tmp_path, overwrite=True)
    assert archive.is_file()
    assert member.read_bytes() == b'new'


def test_file_that_another_process_put_there_meanwhile_is_not_fetched_again(tmp_path, target, drive, monkeypatch):
    @contextmanager
    def waited(path):
        put(path)
        yield True

    monkeypatch.setattr(sources, 'alone', waited)
    get(Source(DRIVE_URL, 'checkpoints/a.pth', RIGHT), tmp_path)
    assert target.read_bytes() == CONTENT
    assert not drive.calls


def test_pattern_of_a_file_fetched_by_hand_finds_it(tmp_path):
    source = Source('https://1drv.ms/x', 'a[1]/netG_*.pth')
    assert source.files(tmp_path) == []
    path = put(tmp_path / 'a[1]' / 'netG_500.pth')
    assert source.files(tmp_path) == [path]


def test_archive_that_was_replaced_is_taken_out_again(tmp_path):
    archive = put(tmp_path / 'root' / 'bird.zip', zipped(tmp_path / 'bad.zip', **{'text.pth': b'junk'}).read_bytes())
    source = Source(DRIVE_URL, 'bird.zip', members=('text.pth',), extract_to='DAMSM')
    get(source, tmp_path)
    member = tmp_path / 'root' / 'DAMSM' / 'text.pth'
    later = member.stat().st_mtime + 1
    put(archive, zipped(tmp_path / 'good.zip', **{'text.pth': b'weights'}).read_bytes())
    os.utime(archive, (later, later))
    assert 'taken out into' in get(source, tmp_path)
    assert member.read_bytes() == b'weights'


def test_damaged_shipped_file_says_how_it_is_restored(tmp_path):
    root = tmp_path / 'repository'
    put(root / 'checkpoints' / 'a.pth', b'half')
    source = Source('checkpoints/a.pth', 'checkpoints/a.pth', RIGHT)
    for overwrite in (False, True):
        with pytest.raises(ConfigError, match='Restore it: git checkout -- checkpoints/a.pth'):
            obtain(source, root, root, overwrite, progress=False)
