import io
import os
import tarfile
import zipfile

import pytest

from genzoo.errors import DataError
from genzoo.utils import Source

FILES = {'a/one.txt': b'1', 'a/b/two.txt': b'22', 'three.txt': b''}


def write_zip(path, files):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def write_tar(path, files, mode='w:gz'):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write_link(path, name, target, kind=tarfile.SYMTYPE):
    with tarfile.open(path, 'w:gz') as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)


def contents(path):
    return {entry.name: entry.read() for entry in Source(path)}


def test_folder_zip_and_tars_are_read_alike(tmp_path):
    for name, content in FILES.items():
        (tmp_path / 'folder' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'folder' / name).write_bytes(content)
    write_zip(tmp_path / 'a.zip', FILES)
    write_tar(tmp_path / 'a.tgz', {f'./{name}': content for name, content in FILES.items()})
    write_tar(tmp_path / 'a.tar', FILES, 'w')
    for name in ('folder', 'a.zip', 'a.tgz', 'a.tar'):
        assert contents(tmp_path / name) == FILES, name


def test_what_macos_adds_is_left_out(tmp_path):
    write_zip(tmp_path / 'a.zip', {'a.txt': b'a', '__MACOSX/a.txt': b'x', 'b/._a.txt': b'x'})
    assert contents(tmp_path / 'a.zip') == {'a.txt': b'a'}


@pytest.mark.parametrize('name', ['../out.txt', 'a/../../out.txt', '/etc/out.txt', '..\\out.txt', 'C:/out.txt'])
@pytest.mark.parametrize(('write', 'ending'), [(write_zip, 'zip'), (write_tar, 'tgz')])
def test_entries_that_lead_outside_are_refused(tmp_path, name, write, ending):
    path = tmp_path / f'evil.{ending}'
    write(path, {name: b'x'})
    with pytest.raises(DataError, match=rf'evil\.{ending}: its entry .*outside of the folder.*official page'):
        contents(path)


@pytest.mark.parametrize(('target', 'kind'), [('../../etc/passwd', tarfile.SYMTYPE), ('/etc/passwd', tarfile.SYMTYPE),
                                              ('../x', tarfile.LNKTYPE)])
def test_links_that_lead_outside_are_refused(tmp_path, target, kind):
    write_link(tmp_path / 'evil.tgz', 'a/link', target, kind)
    with pytest.raises(DataError, match=r'evil\.tgz: its entry'):
        contents(tmp_path / 'evil.tgz')


def test_links_within_an_archive_are_not_followed(tmp_path):
    write_link(tmp_path / 'a.tgz', 'a/link', '../b')
    assert contents(tmp_path / 'a.tgz') == {}
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        info = zipfile.ZipInfo('link')
        info.external_attr = 0o120777 << 16
        archive.writestr(info, '/etc/passwd')
    assert contents(tmp_path / 'a.zip') == {}


@pytest.mark.parametrize('ending', ['zip', 'tgz', 'tar'])
@pytest.mark.parametrize('share', [0.3, 0.6, 0.9])
def test_a_truncated_archive_is_named(tmp_path, ending, share):
    path = tmp_path / f'a.{ending}'
    files = {f'{number}.bin': os.urandom(4000) for number in range(4)}
    (write_zip if ending == 'zip' else write_tar)(path, files, *(['w'] if ending == 'tar' else []))
    content = path.read_bytes()
    path.write_bytes(content[:int(share * 16000)])
    with pytest.raises(DataError, match=rf'a\.{ending}: truncated or damaged .*Fetch it again'):
        contents(path)


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path):
    write_tar(tmp_path / 'a.tar', {f'{number}.bin': b'x' * 4000 for number in range(3)}, 'w')
    content = bytearray((tmp_path / 'a.tar').read_bytes())
    content[4608 + 3] ^= 1
    (tmp_path / 'a.tar').write_bytes(content)
    with pytest.raises(DataError, match=r'a\.tar: truncated or damaged'):
        contents(tmp_path / 'a.tar')


def test_flipped_bytes_are_found(tmp_path):
    write_zip(tmp_path / 'a.zip', {'a.bin': os.urandom(4000)})
    content = bytearray((tmp_path / 'a.zip').read_bytes())
    content[1000] ^= 255
    (tmp_path / 'a.zip').write_bytes(content)
    with pytest.raises(DataError, match=r'a\.zip: truncated or damaged'):
        contents(tmp_path / 'a.zip')


def test_what_is_no_archive_is_told(tmp_path):
    (tmp_path / 'a.zip').write_text('<!DOCTYPE html><title>Google Drive - Virus scan warning</title>')
    with pytest.raises(DataError, match=r'a\.zip: .*a web page.*Fetch it again'):
        Source(tmp_path / 'a.zip')
    with pytest.raises(DataError, match=r'b\.zip: there is no such'):
        Source(tmp_path / 'b.zip')


def test_a_folder_that_links_to_itself_is_read_once(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'x.txt').write_text('x')
    (tmp_path / 'a' / 'loop').symlink_to(tmp_path / 'a')
    assert list(contents(tmp_path / 'a')) == ['x.txt']
