import pickle
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from genzoo.datasets import CaptionImageDataset, prepare_images
from genzoo.datasets.prepare_cub import prepare_cub
from genzoo.errors import ConfigError, DataError

from .archives import birds_zip, cub_images, cub_texts, run_tool, write_folder, write_tgz, write_zip
from .conftest import CUB_KEYS, PIPELINE

TOOL = Path(__file__).parents[2] / 'tools' / 'prepare' / 'cub.py'
WITH_BOXES = [PIPELINE[0], dict(type='BBoxCrop', ratio=0.75), *PIPELINE[1:]]
ALL = [*CUB_KEYS['train'], *CUB_KEYS['test']]


@pytest.fixture
def archive(tmp_path):
    return write_tgz(tmp_path / 'CUB_200_2011.tgz', cub_images())


@pytest.fixture
def birds(tmp_path):
    return write_zip(tmp_path / 'birds.zip', birds_zip())


@pytest.fixture
def texts(tmp_path):
    return write_folder(tmp_path / 'cvpr2016_cub', cub_texts('text_c10/'))


def load(out, split):
    data = CaptionImageDataset(out, split, captions_per_image=10, bbox=True, pipeline=WITH_BOXES)
    return data, {item['data_samples'].key: item for item in data}


def snapshot(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob('*')) if path.is_file()}


def test_the_two_downloads_become_a_data_set_with_boxes(archive, birds, tmp_path):
    report = prepare_cub(archive, birds, tmp_path / 'out')
    assert (report.train, report.test, report.skipped) == (3, 1, [])
    for split, keys in CUB_KEYS.items():
        data, items = load(tmp_path / 'out', split)
        assert list(items) == keys
        assert data.class_ids.tolist() == [int(key[:3]) for key in keys]
        assert data.boxes[0] == ((1, 5, 20, 15) if split == 'train' else (4, 5, 20, 15))
    assert not list((tmp_path / 'out').rglob('.*'))
    assert (tmp_path / 'out' / 'text' / f'{ALL[0]}.txt').read_text().startswith('Bird 1, its view no. 0.')


def test_the_released_vocabulary_is_kept(archive, birds, tmp_path):
    prepare_cub(archive, birds, tmp_path / 'out')
    assert load(tmp_path / 'out', 'train')[0].vocabulary.words[:3] == ['<end>', 'zebra', '0']


@pytest.mark.parametrize('pack', [write_folder, write_tgz])
def test_unpacked_folders_and_other_archives_do_as_well(pack, tmp_path):
    images = write_folder(tmp_path / 'cub', cub_images())
    captions = pack(tmp_path / 'birds', birds_zip())
    prepare_cub(images / 'CUB_200_2011', captions, tmp_path / 'out')
    assert list(load(tmp_path / 'out', 'train')[1]) == CUB_KEYS['train']
    source, target = (folder / 'CUB_200_2011' / 'images' / f'{ALL[0]}.jpg' for folder in (images, tmp_path / 'out'))
    assert source.samefile(target)  # a hard link, no copy


def test_pictures_that_lie_in_place_stay_there(birds, tmp_path):
    out = write_folder(tmp_path / 'out', cub_images())
    prepare_cub(out / 'CUB_200_2011', birds, out)
    assert list(load(out, 'test')[1]) == CUB_KEYS['test']


def test_texts_alone_are_split_by_the_given_test_classes(archive, texts, tmp_path):
    for number, line in enumerate(['200.Common_Yellowthroat\n', '200']):
        (tmp_path / 'test.txt').write_text(line)
        out = tmp_path / f'out{number}'
        report = prepare_cub(archive, texts, out, test_classes=tmp_path / 'test.txt')
        assert 'test.txt are for testing' in report.notes[0]
        data, items = load(out, 'test')
        assert (list(items), data.class_ids.tolist()) == (CUB_KEYS['test'], [200])
        assert data.vocabulary.words[:4] == ['<end>', 'bird', '1', 'its']
        assert items[ALL[3]]['data_samples'].caption.startswith('bird 4 its view no')


def test_reeds_own_list_of_test_classes_is_taken_and_told(archive, texts, tmp_path):
    (texts / 'testclasses.txt').write_text('200.Common_Yellowthroat\n')
    report = prepare_cub(archive, texts, tmp_path / 'out')
    assert 'testclasses.txt' in report.notes[0]
    assert (report.train, report.test) == (3, 1)


def test_lists_of_their_own_are_taken(archive, texts, tmp_path):
    splits = write_zip(tmp_path / 'lists.zip', {name: content for name, content in birds_zip().items()
                                                if name.endswith(('filenames.pickle', 'class_info.pickle'))})
    report = prepare_cub(archive, texts, tmp_path / 'out', splits=splits)
    assert (report.train, report.test) == (3, 1)
    assert list(load(tmp_path / 'out', 'train')[1]) == CUB_KEYS['train']


def test_a_split_is_never_invented(archive, texts, tmp_path):
    with pytest.raises(DataError, match=r'cvpr2016_cub: says not which .*--test-classes .*--splits .*train_test_split'):
        prepare_cub(archive, texts, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(('line', 'message'), [('201', "'201' is no class"), ('001 002 200', 'one split is empty'),
                                               ('', 'one split is empty')])
def test_test_classes_that_do_not_fit_are_refused(archive, texts, tmp_path, line, message):
    (tmp_path / 'test.txt').write_text(line)
    with pytest.raises(DataError, match=rf'test\.txt: .*{message}'):
        prepare_cub(archive, texts, tmp_path / 'data' / 'out', test_classes=tmp_path / 'test.txt')
    assert not (tmp_path / 'data').exists()


def test_what_cannot_be_used_is_left_out_with_its_captions_and_reported(birds, tmp_path):
    files = cub_images()
    files[f'CUB_200_2011/images/{ALL[0]}.jpg'] = files[f'CUB_200_2011/images/{ALL[0]}.jpg'][:300]
    del files[f'CUB_200_2011/images/{ALL[1]}.jpg']
    report = prepare_cub(write_tgz(tmp_path / 'CUB_200_2011.tgz', files), birds, tmp_path / 'out')
    reasons = dict(report.skipped)
    assert 'truncated' in reasons[ALL[0]]
    assert 'no picture of this name in ' in reasons[ALL[1]]
    assert set(reasons) == set(ALL[:2])
    data, items = load(tmp_path / 'out', 'train')
    assert list(items) == [ALL[2]]
    assert data.class_ids.tolist() == [2]
    assert items[ALL[2]]['data_samples'].caption.split()[0] == '2'  # image number 2 of the released captions
    assert len((tmp_path / 'out' / 'skipped.txt').read_text().splitlines()) == 2


def test_images_with_too_few_captions_or_without_box_are_left_out(tmp_path):
    texts, files = cub_texts(), cub_images()
    texts[f'text/{ALL[0]}.txt'] = b'one bird\n'
    lines = files['CUB_200_2011/images.txt'].splitlines(True)
    files['CUB_200_2011/images.txt'] = lines[0] + lines[2] + lines[3]
    report = prepare_cub(write_tgz(tmp_path / 'a.tgz', files), write_zip(tmp_path / 'text.zip', texts),
                         tmp_path / 'out', test_classes=write_folder(tmp_path, {'test.txt': b'2'}) / 'test.txt')
    reasons = dict(report.skipped)
    assert reasons[ALL[0]] == '1 captions, 10 are needed'
    assert reasons[ALL[1]] == 'no bounding box'


def test_nothing_usable_in_a_split_is_an_error_with_the_first_reason(birds, tmp_path):
    files = {name: content for name, content in cub_images().items() if '200.Common' not in name}
    with pytest.raises(DataError, match='none of the 1 test images can be used.*no picture of this name'):
        prepare_cub(write_tgz(tmp_path / 'a.tgz', files), birds, tmp_path / 'out')


def test_an_archive_without_boxes_is_refused(birds, tmp_path):
    files = {name: content for name, content in cub_images().items() if 'bounding_boxes' not in name}
    with pytest.raises(DataError, match=r'a\.tgz: holds no bounding_boxes\.txt.*vision\.caltech'):
        prepare_cub(write_tgz(tmp_path / 'a.tgz', files), birds, tmp_path / 'out')


def test_a_truncated_archive_is_named_and_the_whole_one_continues(archive, birds, tmp_path):
    content = archive.read_bytes()
    archive.write_bytes(content[:len(content) // 2])
    with pytest.raises(DataError, match=r'CUB_200_2011\.tgz: truncated or damaged'):
        prepare_cub(archive, birds, tmp_path / 'out')
    archive.write_bytes(content)
    assert prepare_cub(archive, birds, tmp_path / 'out').train == 3


def test_made_again_of_what_cannot_be_read_it_stays_as_it_was(archive, birds, tmp_path):
    prepare_cub(archive, birds, tmp_path / 'out')
    before = (tmp_path / 'out' / 'captions.pickle').read_bytes()
    with pytest.raises(DataError, match=r'empty\.zip'):
        prepare_cub(archive, write_zip(tmp_path / 'empty.zip', {}), tmp_path / 'out', overwrite=True)
    assert (tmp_path / 'out' / 'captions.pickle').read_bytes() == before
    assert not (tmp_path / 'out' / '.prepare').exists()


def test_half_made_of_one_archive_it_does_not_go_on_with_another_unasked(archive, birds, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_at(3, patch)
        with pytest.raises(Stop):
            prepare_cub(archive, birds, tmp_path / 'out')
    other = write_tgz(tmp_path / 'other.tgz', {**cub_images(), 'CUB_200_2011/README': b'another'})
    with pytest.raises(ConfigError, match=r'was begun from CUB_200_2011\.tgz, not from this other\.tgz.*--overwrite'):
        prepare_cub(other, birds, tmp_path / 'out')
    assert prepare_cub(other, birds, tmp_path / 'out', overwrite=True).train == 3


@pytest.mark.parametrize('name', ['../../evil.jpg', 'CUB_200_2011/images/../../../evil.jpg'])
def test_entries_that_lead_outside_are_refused(birds, tmp_path, name):
    evil = write_tgz(tmp_path / 'evil.tgz', {name: b'x', **cub_images()})
    with pytest.raises(DataError, match=r'evil\.tgz: its entry .*outside'):
        prepare_cub(evil, birds, tmp_path / 'deep' / 'out')
    assert not list(tmp_path.rglob('evil.jpg'))


def test_keys_that_lead_outside_are_refused(archive, tmp_path):
    files = birds_zip()
    files['birds/train/filenames.pickle'] = pickle.dumps(['../../evil'], protocol=2)
    with pytest.raises(DataError, match=r"birds\.zip/train/filenames\.pickle: '../../evil' does not stay"):
        prepare_cub(archive, write_zip(tmp_path / 'birds.zip', files), tmp_path / 'out')


def test_pickles_that_execute_something_are_refused(archive, tmp_path):
    files = {**birds_zip(), 'birds/captions.pickle': b"cos\nsystem\n(S'touch evil'\ntR."}
    with pytest.raises(DataError, match=r'birds\.zip/captions\.pickle: .*os\.system'):
        prepare_cub(archive, write_zip(tmp_path / 'birds.zip', files), tmp_path / 'out')


class Stop(KeyboardInterrupt):
    pass


def stop_at(count, monkeypatch):
    """Makes the ``count``-th picture from now on an interruption; counts the pictures that are decoded."""
    seen = []
    check = prepare_images.picture_problem

    def counted(content):
        seen.append(content)
        if len(seen) == count:
            raise Stop
        return check(content)

    monkeypatch.setattr(prepare_images, 'picture_problem', counted)
    return seen


@pytest.mark.parametrize('count', [1, 2, 3, 4])
def test_stopped_anywhere_it_continues_without_redoing_what_is_done(archive, birds, tmp_path, monkeypatch, count):
    prepare_cub(archive, birds, tmp_path / 'whole')
    with monkeypatch.context() as patch:
        stop_at(count, patch)
        with pytest.raises(Stop):
            prepare_cub(archive, birds, tmp_path / 'out')
    assert not list((tmp_path / 'out').rglob('*.pickle'))
    seen = stop_at(99, monkeypatch)
    prepare_cub(archive, birds, tmp_path / 'out')
    assert len(seen) == 4 - (count - 1)
    assert snapshot(tmp_path / 'out') == snapshot(tmp_path / 'whole')


def test_stopped_after_the_pictures_the_archive_is_not_read_again(archive, birds, tmp_path, monkeypatch):
    from genzoo.datasets import prepare_layout
    with monkeypatch.context() as patch:
        patch.setattr(prepare_layout, 'write_caption_data', lambda *_: (_ for _ in ()).throw(Stop))
        with pytest.raises(Stop):
            prepare_cub(archive, birds, tmp_path / 'out')
    size = archive.stat().st_size
    archive.write_bytes(archive.read_bytes()[:10] + bytes(size - 10))  # unreadable, if anybody tried
    assert prepare_cub(archive, birds, tmp_path / 'out').train == 3


def test_a_picture_that_is_gone_or_half_there_is_done_again(archive, birds, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_at(4, patch)
        with pytest.raises(Stop):
            prepare_cub(archive, birds, tmp_path / 'out')
    first, second = (tmp_path / 'out' / 'CUB_200_2011' / 'images' / f'{key}.jpg' for key in ALL[:2])
    first.unlink()
    second.write_bytes(b'')  # as after a power failure
    with open(tmp_path / 'out' / '.prepare' / 'images.jsonl', 'a') as file:
        file.write('["003.Half')
    prepare_cub(archive, birds, tmp_path / 'out')
    assert len(load(tmp_path / 'out', 'train')[1]) == 3


def test_killed_in_the_middle_it_continues(archive, birds, tmp_path):
    """A process that is killed outright while it writes a picture."""
    code = ('import os, signal, sys\nfrom genzoo.datasets import prepare_images as module\n'
            'write = module.write_content\n'
            'def killed(path, content):\n'
            '    if "0003_1033" in path.name:\n'
            '        path.with_name(f".{path.name}.tmp").write_bytes(content[:9])\n'
            '        os.kill(os.getpid(), signal.SIGKILL)\n'
            '    write(path, content)\n'
            'module.write_content = killed\nfrom genzoo.datasets.prepare_cub import prepare_cub\n'
            'prepare_cub(*sys.argv[1:])\n')
    done = subprocess.run([sys.executable, '-c', code, *map(str, (archive, birds, tmp_path / 'out'))], check=False)
    assert done.returncode == -signal.SIGKILL
    assert prepare_cub(archive, birds, tmp_path / 'out').train == 3
    assert list(load(tmp_path / 'out', 'train')[1]) == CUB_KEYS['train']


def test_a_complete_folder_is_not_overwritten_unasked(archive, birds, texts, tmp_path):
    prepare_cub(archive, birds, tmp_path / 'out')
    before = snapshot(tmp_path / 'out')
    with pytest.raises(ConfigError, match=r'captions\.pickle: exists already.*--overwrite'):
        prepare_cub(archive, birds, tmp_path / 'out')
    assert snapshot(tmp_path / 'out') == before
    (texts / 'testclasses.txt').write_text('1')
    assert prepare_cub(archive, texts, tmp_path / 'out', overwrite=True).test == 1
    assert load(tmp_path / 'out', 'test')[0].keys == [ALL[0]]


def test_the_captions_folder_itself_is_not_filled(archive, tmp_path):
    birds = write_folder(tmp_path, birds_zip()) / 'birds'
    before = snapshot(birds)
    for out in (birds, birds / 'new'):
        with pytest.raises(ConfigError, match='Choose another folder for --out'):
            prepare_cub(archive, birds, out, overwrite=True)
    assert snapshot(birds) == before


def test_a_full_disk_is_told_before_anything_is_unpacked(archive, birds, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: namedtuple('Usage', 'total used free')(9, 9, 100))
    with pytest.raises(DataError, match=r'out: about 0\.00 GB are needed, but 0\.00 GB are free\. Make room'):
        prepare_cub(archive, birds, tmp_path / 'out')
    assert not list((tmp_path / 'out').rglob('*.jpg'))


def test_captions_that_do_not_fit_their_lists_are_refused(archive, birds, tmp_path):
    with pytest.raises(DataError, match=r'birds\.zip: captions\.pickle: 30 train captions.*captions_per_image=10'):
        prepare_cub(archive, birds, tmp_path / 'out', captions_per_image=9)


def test_the_tool_says_what_it_did_and_what_is_wrong_in_one_line(archive, birds, tmp_path, monkeypatch, capsys):
    command = [TOOL, '--images', archive, '--captions', birds, '--out', tmp_path / 'out']
    status, out, err = run_tool(monkeypatch, capsys, *command)
    assert status == 0
    assert out.splitlines()[-1].endswith('3 training and 1 test images, 0 skipped, captions_per_image=10, 22 words')
    assert '4/4' in err  # the progress bar
    status, out, err = run_tool(monkeypatch, capsys, *command)
    assert (status, err) == (1, f'error: {tmp_path}/out/captions.pickle: exists already. '
                                'Give --overwrite to replace it.\n')
