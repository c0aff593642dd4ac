import os
import pickle
import pickletools
import runpy
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from genzoo.datasets import CaptionImageDataset
from genzoo.datasets import caption_folder as folder_module
from genzoo.datasets.caption_folder import build_vocabulary, prepare_caption_folder, split_keys
from genzoo.errors import ConfigError, DataError

from .archives import run_tool
from .conftest import PIPELINE, write_image, write_text

TOOLS = Path(__file__).parents[2] / 'tools' / 'prepare'


@pytest.fixture
def photos(tmp_path):
    """Six pictures, one of them in a sub-folder, with 2 captions each, and four that cannot be used."""
    root = tmp_path / 'photos'
    for number, name in enumerate(['a.jpg', 'b.jpg', 'c.png', 'd.JPG', 'e.jpeg', 'sub/a.jpg']):
        write_image(root / name, number)
        write_text(root / Path(name).with_suffix('.txt'), number, 2 + number % 2)
    write_image(root / 'a.png', 9)
    write_image(root / 'uncaptioned.jpg', 9)
    for name in ('truncated', 'wordless'):
        write_image(root / f'{name}.jpg', 9)
        write_text(root / f'{name}.txt', 9, 2)
    (root / 'truncated.jpg').write_bytes((root / 'truncated.jpg').read_bytes()[:300])
    (root / 'wordless.txt').write_text('...\n')
    return root


def load(out, split, captions_per_image):
    data = CaptionImageDataset(out, split, captions_per_image=captions_per_image, pipeline=PIPELINE)
    return {item['data_samples'].key: item for item in data}


def test_a_folder_becomes_a_data_set(photos, tmp_path):
    report = prepare_caption_folder(photos, tmp_path / 'out', test_fraction=0.3)
    assert (report.train, report.test, report.captions_per_image) == (4, 2, 2)
    train, test = (load(tmp_path / 'out', split, 2) for split in ('train', 'test'))
    assert sorted([*train, *test]) == ['a', 'b', 'c', 'd', 'e', 'sub/a']
    item = dict(train, **test)['sub/a']
    assert item['data_samples'].caption.startswith('bird 5 its view no')


def test_what_is_skipped_is_reported_with_its_reason(photos, tmp_path):
    report = prepare_caption_folder(photos, tmp_path / 'out')
    reasons = {path.name: reason for path, reason in report.skipped}
    assert set(reasons) == {'a.png', 'uncaptioned.jpg', 'truncated.jpg', 'wordless.jpg'}
    assert 'a.jpg has the same name' in reasons['a.png']
    assert 'uncaptioned.txt' in reasons['uncaptioned.jpg']
    assert 'truncated' in reasons['truncated.jpg']
    assert '0 captions, 1 are needed' in reasons['wordless.jpg']


def test_pictures_with_fewer_captions_than_asked_for_are_skipped(photos, tmp_path):
    report = prepare_caption_folder(photos, tmp_path / 'out', captions_per_image=3)
    assert report.train + report.test == 3
    assert 'b.txt' not in [path.name for path, _ in report.skipped]
    assert load(tmp_path / 'out', 'train', 3)


def test_the_pickles_have_protocol_2(photos, tmp_path):
    prepare_caption_folder(photos, tmp_path / 'out')
    for name in ('captions.pickle', 'train/filenames.pickle', 'test/filenames.pickle'):
        content = (tmp_path / 'out' / name).read_bytes()
        assert [arg for opcode, arg, _ in pickletools.genops(content) if opcode.name == 'PROTO'] == [2]
        pickle.loads(content)


def test_captions_may_lie_in_another_folder(photos, tmp_path):
    (tmp_path / 'texts' / 'sub').mkdir(parents=True)
    for path in photos.rglob('*.txt'):
        path.rename(tmp_path / 'texts' / path.relative_to(photos))
    report = prepare_caption_folder(photos, tmp_path / 'out', text_dir=tmp_path / 'texts')
    assert report.train + report.test == 6


def test_a_complete_folder_is_not_overwritten_unasked(photos, tmp_path):
    prepare_caption_folder(photos, tmp_path / 'out')
    with pytest.raises(ConfigError, match=r'captions\.pickle: exists already.*--overwrite'):
        prepare_caption_folder(photos, tmp_path / 'out')
    assert prepare_caption_folder(photos, tmp_path / 'out', overwrite=True).train == 5


def test_made_again_it_has_the_new_captions_and_pictures(photos, tmp_path):
    (photos / 'a.txt').write_text('a red bird\na big bird\n')
    prepare_caption_folder(photos, tmp_path / 'out')
    (photos / 'a.txt').unlink()
    (photos / 'a.txt').write_text('a tan bird\na big bird\n')  # of the same size
    (photos / 'a.jpg').unlink()
    write_image(photos / 'a.png', 9)
    prepare_caption_folder(photos, tmp_path / 'out', overwrite=True)
    assert 'tan' in (tmp_path / 'out' / 'text' / 'a.txt').read_text()
    assert [path.name for path in (tmp_path / 'out' / 'images').glob('a.*')] == ['a.png']


def test_a_folder_with_other_files_is_left_alone_unless_told(photos, tmp_path):
    mine = tmp_path / 'out' / 'images' / 'a.png'
    write_image(mine, 3)
    before = mine.read_bytes()
    with pytest.raises(ConfigError, match='out: holds other files'):
        prepare_caption_folder(photos, tmp_path / 'out')
    assert [path for path in (tmp_path / 'out').rglob('*') if path.is_file()] == [mine]
    assert mine.read_bytes() == before


def test_a_folder_around_the_pictures_is_refused(photos, tmp_path):
    before = sorted(photos.rglob('*'))
    with pytest.raises(ConfigError, match='holds --image-dir'):
        prepare_caption_folder(photos / 'sub', photos, overwrite=True)
    assert sorted(photos.rglob('*')) == before


def test_a_stopped_run_can_be_continued(photos, tmp_path, monkeypatch):
    place = folder_module.place_file

    def stop_at_c(source, target):
        if source.name == 'c.png':
            raise KeyboardInterrupt
        place(source, target)

    monkeypatch.setattr(folder_module, 'place_file', stop_at_c)
    with pytest.raises(KeyboardInterrupt):
        prepare_caption_folder(photos, tmp_path / 'out')
    assert not list((tmp_path / 'out').rglob('*.pickle'))
    monkeypatch.setattr(folder_module, 'place_file', place)
    assert prepare_caption_folder(photos, tmp_path / 'out').train == 5


def test_without_hard_links_pictures_are_copied(photos, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError('not permitted')
    monkeypatch.setattr(os, 'link', refuse)
    prepare_caption_folder(photos, tmp_path / 'out')
    assert (tmp_path / 'out' / 'images' / 'a.jpg').read_bytes() == (photos / 'a.jpg').read_bytes()


def test_the_split_is_a_partition_that_the_seed_decides():
    keys = [f'{number:02d}' for number in range(20)]
    train, test = split_keys(keys, 0.25, seed=0)
    assert (len(test), sorted(train + test)) == (5, keys)
    assert split_keys(reversed(keys), 0.25, seed=0) == (train, test)
    assert split_keys(keys, 0.25, seed=1)[1] != test
    assert split_keys(keys, 0, seed=0) == (keys, [])
    assert len(split_keys(keys, 0.001, seed=0)[1]) == 1
    assert len(split_keys(keys, 0.999, seed=0)[0]) == 1


@pytest.mark.parametrize('args', [dict(test_fraction=1), dict(test_fraction=-0.1),
                                  dict(captions_per_image=0)])
def test_arguments_out_of_range_are_refused(photos, tmp_path, args):
    with pytest.raises(ConfigError, match='--' + next(iter(args)).replace('_', '-')):
        prepare_caption_folder(photos, tmp_path / 'out', **args)


def test_a_folder_of_which_nothing_can_be_used_is_refused_with_the_first_reason(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(DataError, match='empty: holds no picture'):
        prepare_caption_folder(tmp_path / 'empty', tmp_path / 'out')
    write_image(tmp_path / 'empty' / 'a.jpg', 0)
    with pytest.raises(DataError, match=r'none of its 1 pictures .*a\.txt'):
        prepare_caption_folder(tmp_path / 'empty', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_vocabulary_is_not_overwritten_unasked(cub_root):
    build_vocabulary(cub_root, 10)
    with pytest.raises(ConfigError, match='--overwrite'):
        build_vocabulary(cub_root, 10)
    build_vocabulary(cub_root, 10, overwrite=True)


def test_the_tools_say_what_they_did_and_what_is_wrong_in_one_line(photos, tmp_path, monkeypatch, capsys):
    target = tmp_path / 'out'
    options = ['--image-dir', photos, '--out', target]
    status, out, err = run_tool(monkeypatch, capsys, TOOLS / 'captions_folder.py', *options)
    assert status == 0, err
    assert out.count('skipped ') == 4
    assert 'captions_per_image=2' in out.splitlines()[-1]
    status, out, err = run_tool(monkeypatch, capsys, TOOLS / 'build_vocabulary.py', target, '--captions-per-image', 2)
    assert status == 1
    assert err.startswith(f'error: {target}/captions.pickle: exists already')
    assert len(err.splitlines()) == 1


def test_the_error_is_the_last_line_after_the_bar(cub_root, monkeypatch, capsys):
    status, _, err = run_tool(monkeypatch, capsys, TOOLS / 'build_vocabulary.py', cub_root, '--captions-per-image', 50)
    *bar, last = err.splitlines()
    assert status == 1
    assert last.startswith(f'error: {cub_root}/text/')
    assert 'image' in bar[-1]


@pytest.mark.parametrize('words', [('build_vocabulary.py', '{}', '--captions-per-image', 2),
                                   ('captions_folder.py', '--image-dir', '{}', '--out', '{}.out')])
def test_a_file_in_place_of_a_folder_is_said_to_be_one(tmp_path, monkeypatch, capsys, words):
    (tmp_path / 'file').write_text('')
    name, *options = [str(word).format(tmp_path / 'file') for word in words]
    status, _, err = run_tool(monkeypatch, capsys, TOOLS / name, *options)
    assert (status, len(err.splitlines())) == (1, 1)
    assert err.startswith(f'error: {tmp_path}/file: is a file, but should be ')


def test_a_picture_that_was_found_whole_before_is_not_decoded_again(photos, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(folder_module, 'place_file', stop)
        with pytest.raises(KeyboardInterrupt):
            prepare_caption_folder(photos, tmp_path / 'out')
    (photos / 'b.jpg').write_bytes((photos / 'b.jpg').read_bytes()[:300])
    decoded = []
    load_image = folder_module.load_image
    monkeypatch.setattr(folder_module, 'load_image', lambda path: decoded.append(path.name) or load_image(path))
    report = prepare_caption_folder(photos, tmp_path / 'out')
    assert sorted(decoded) == ['b.jpg', 'truncated.jpg']  # the changed one and the broken one
    assert 'b.jpg' in [path.name for path, _ in report.skipped]
    assert not (tmp_path / 'out' / '.prepare').exists()


def test_a_folder_inside_the_pictures_is_refused(photos):
    with pytest.raises(ConfigError, match='lies in, or holds --image-dir'):
        prepare_caption_folder(photos, photos / 'out')


def test_a_full_disk_is_told_before_anything_is_copied(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: namedtuple('Usage', 'total used free')(9, 9, -1))
    with pytest.raises(DataError, match='are free'):
        prepare_caption_folder(photos, tmp_path / 'out')
    assert not (tmp_path / 'out' / 'images').exists()


@pytest.mark.parametrize(('tool', 'function', 'args'), [
    ('build_vocabulary', 'build_vocabulary', ['birds', '--captions-per-image', '10']),
    ('captions_folder', 'prepare_caption_folder', ['--image-dir', 'photos', '--out', 'out'])])
def test_a_tool_that_is_interrupted_says_so_without_a_traceback(monkeypatch, capsys, tool, function, args):
    namespace = runpy.run_path(str(TOOLS / f'{tool}.py'))
    monkeypatch.setattr(sys, 'argv', [tool, *args])

    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setitem(namespace['main'].__wrapped__.__globals__, function, interrupted)
    with pytest.raises(SystemExit) as stop:
        namespace['main']()
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted\n'
