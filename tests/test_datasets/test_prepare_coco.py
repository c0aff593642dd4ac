import json
from pathlib import Path

import pytest

from genzoo.datasets import CaptionImageDataset, prepare_images
from genzoo.datasets.prepare_coco import prepare_coco
from genzoo.errors import ConfigError, DataError

from .archives import caption_pickle, coco_annotations, coco_images, lists, run_tool, write_folder, write_zip, zipped
from .conftest import COCO_KEYS, PIPELINE

TOOL = Path(__file__).parents[2] / 'tools' / 'prepare' / 'coco.py'


@pytest.fixture
def images(tmp_path):
    return [write_zip(tmp_path / f'{name}2014.zip', coco_images(split)) for split, name in
            (('train', 'train'), ('test', 'val'))]


@pytest.fixture
def annotations(tmp_path):
    return write_zip(tmp_path / 'annotations_trainval2014.zip', coco_annotations())


@pytest.fixture
def metadata(tmp_path):
    reversed_keys = {split: keys[::-1] for split, keys in COCO_KEYS.items()}
    return write_zip(tmp_path / 'coco.zip', {**lists(reversed_keys, 'coco/'),
                                             'coco/captions.pickle': caption_pickle(COCO_KEYS, 5)})


def load(out, split):
    data = CaptionImageDataset(out, split, captions_per_image=5, pipeline=PIPELINE)
    return data, {item['data_samples'].key: item for item in data}


def test_pictures_and_annotations_become_a_data_set(images, annotations, tmp_path):
    report = prepare_coco(images, tmp_path / 'out', annotations)
    assert (report.train, report.test, report.skipped) == (2, 1, [])
    for split, keys in COCO_KEYS.items():
        data, items = load(tmp_path / 'out', split)
        assert list(items) == keys
        assert data.class_ids.tolist() == list(range(len(keys)))
    assert (tmp_path / 'out' / 'val2014' / f'{COCO_KEYS["test"][0]}.jpg').is_file()


def test_text_files_hold_the_first_five_captions_one_a_line(images, annotations, tmp_path):
    prepare_coco(images, tmp_path / 'out', annotations)
    lines = (tmp_path / 'out' / 'text' / f'{COCO_KEYS["train"][0]}.txt').read_text().splitlines()
    assert lines == [f'A dog of 57870, view {view}.' for view in range(5)]


def test_lists_and_vocabulary_of_the_metadata_go_first(images, annotations, metadata, tmp_path):
    prepare_coco(images, tmp_path / 'alone', metadata=metadata)
    prepare_coco(images, tmp_path / 'both', annotations, metadata)
    for out in ('alone', 'both'):
        data, items = load(tmp_path / out, 'train')
        assert list(items) == COCO_KEYS['train'][::-1]
        assert data.vocabulary.words[1] == 'zebra'
        assert items[COCO_KEYS['train'][1]]['data_samples'].caption.split()[0] == '0'
    assert len(list((tmp_path / 'both' / 'text').iterdir())) == 3


def test_texts_of_the_metadata_do_without_captions_pickle(images, tmp_path):
    texts = {f'text/{key}.txt': ''.join(f'cat {view}\n' for view in range(5)).encode()
             for keys in COCO_KEYS.values() for key in keys}
    metadata = write_zip(tmp_path / 'coco.zip', {**lists(COCO_KEYS, 'coco/'), 'coco/text.zip': zipped(texts)})
    prepare_coco(images, tmp_path / 'out', metadata=metadata)
    assert load(tmp_path / 'out', 'test')[0].vocabulary.words[:3] == ['<end>', 'cat', '0']


def test_unpacked_folders_do_as_well_and_are_linked(tmp_path):
    folder = write_folder(tmp_path / 'coco', {**coco_images('train'), **coco_images('test'), **coco_annotations()})
    prepare_coco([folder / 'train2014', folder / 'val2014'], tmp_path / 'out', folder / 'annotations')
    name = f'train2014/{COCO_KEYS["train"][0]}.jpg'
    assert (folder / name).samefile(tmp_path / 'out' / name)
    assert list(load(tmp_path / 'out', 'test')[1]) == COCO_KEYS['test']


def test_what_cannot_be_used_is_left_out_and_reported(images, tmp_path):
    files = coco_annotations()
    content = json.loads(files['annotations/captions_train2014.json'])
    dropped = [annotation for annotation in content['annotations'] if annotation['image_id'] == 57870][:2]
    for annotation in dropped:
        annotation['caption'] = '...'
    files['annotations/captions_train2014.json'] = json.dumps(content).encode()
    report = prepare_coco(images, tmp_path / 'out', write_zip(tmp_path / 'annotations.zip', files))
    assert report.skipped == [(COCO_KEYS['train'][0], '4 captions, 5 are needed')]
    assert list(load(tmp_path / 'out', 'train')[1]) == COCO_KEYS['train'][1:]


def test_stopped_between_the_archives_it_continues(images, annotations, tmp_path, monkeypatch):
    check, seen = prepare_images.picture_problem, []

    def stop_at_third(content):
        seen.append(content)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return check(content)

    monkeypatch.setattr(prepare_images, 'picture_problem', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        prepare_coco(images, tmp_path / 'out', annotations)
    assert not list((tmp_path / 'out').rglob('*.pickle'))
    prepare_coco(images, tmp_path / 'out', annotations)
    assert len(seen) == 4  # the third twice, the others once
    assert not (tmp_path / 'out' / '.prepare').exists()
    assert list(load(tmp_path / 'out', 'train')[1]) == COCO_KEYS['train']


@pytest.mark.parametrize('content', [b'{"images": [', b'[]', b'{"images": [], "annotations": [{"image_id": 1}]}',
                                     b'{"images": [{"id": 1, "file_name": "../../evil.jpg"}], "annotations": []}'])
def test_annotations_that_are_broken_are_named(images, tmp_path, content):
    files = {**coco_annotations(), 'annotations/captions_val2014.json': content}
    with pytest.raises(DataError, match=r'a\.zip: captions_val2014\.json: .*annotations_trainval2014\.zip holds it'):
        prepare_coco(images, tmp_path / 'out', write_zip(tmp_path / 'a.zip', files))


def test_what_is_not_given_is_asked_for(images, annotations, tmp_path):
    with pytest.raises(ConfigError, match='give --annotations or --metadata'):
        prepare_coco(images, tmp_path / 'out')
    with pytest.raises(DataError, match=r'captions_train2014\.json is missing'):
        prepare_coco(images, tmp_path / 'out', images[0])
    with pytest.raises(DataError, match='says not which images are for training'):
        prepare_coco(images, tmp_path / 'out', metadata=annotations)


def test_images_that_were_forgotten_are_given_later(images, annotations, tmp_path):
    with pytest.raises(DataError, match=r'none of the 1 test images can be used.* in .*train2014\.zip'):
        prepare_coco(images[:1], tmp_path / 'out', annotations)
    prepare_coco(images, tmp_path / 'out', annotations)
    assert list(load(tmp_path / 'out', 'test')[1]) == COCO_KEYS['test']


def test_the_tool_says_what_it_did_and_what_is_wrong_in_one_line(images, annotations, tmp_path, monkeypatch, capsys):
    options = ['--annotations', annotations, '--out', tmp_path / 'out', '--images']
    status, out, _ = run_tool(monkeypatch, capsys, TOOL, *options, *images)
    assert (status, out) == (0, f'{tmp_path}/out: 2 training and 1 test images, 0 skipped, captions_per_image=5, '
                                '13 words\n')
    status, _, err = run_tool(monkeypatch, capsys, TOOL, *options, tmp_path / 'nothing.zip')
    assert (status, err) == (1, f'error: {tmp_path}/nothing.zip: there is no such folder or archive. Check the path.\n')
