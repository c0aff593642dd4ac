"""Whatever lies in a data set's files, its readers say what is wrong with it, or read it.

``--fuzz-examples N`` draws N examples a test, new ones in each run.
"""
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_datasets.conftest import PIPELINE, write_image, write_pickle, write_text

from genzoo.datasets import CaptionImageDataset, Vocabulary
from genzoo.datasets.caption_files import build_caption_data, read_caption_data, read_caption_lines
from genzoo.datasets.caption_folder import build_vocabulary, prepare_caption_folder
from genzoo.datasets.caption_layout import find_image, read_boxes, read_class_ids, read_keys
from genzoo.datasets.transforms import load_image
from genzoo.registry import TRANSFORMS

from .fuzzing import PLAIN, damaged, edited, only_our_errors

KEYS = ['a/one', 'b/two']
WORDS = {0: '<end>', 1: 'bird', 2: 'red'}
CAPTIONS = [[[1, 2], [2]], [[1], [2, 1]], WORDS, {word: index for index, word in WORDS.items()}]
BOXES = ['1 1.0 2.0 20.0 10.0', '2 3.0 4.0 5.5 6.5']
NAMES = ['1 a/one.jpg', '2 b/two.jpg']
FIELDS = st.one_of(st.text(max_size=4), st.sampled_from(
    ['1', '2', 'nan', 'inf', '-5', '1e400', '9' * 400, 'x', '../../etc', '.', '/', '\x00']))
PICKLES = st.sampled_from(range(6))


@pytest.fixture(scope='module')
def root(tmp_path_factory) -> Path:
    """A data set with two training images and one of test, with boxes and class ids."""
    root = tmp_path_factory.mktemp('birds')
    for number, key in enumerate([*KEYS, 'c/three'], start=1):
        write_image(root / 'CUB_200_2011/images' / f'{key}.jpg', number)
        write_text(root / 'text' / f'{key}.txt', number, 2)
    (root / 'CUB_200_2011/images.txt').write_text('\n'.join([*NAMES, '3 c/three.jpg']))
    (root / 'CUB_200_2011/bounding_boxes.txt').write_text('\n'.join([*BOXES, '3 1 1 9 9']))
    write_pickle(root / 'train/filenames.pickle', KEYS)
    write_pickle(root / 'test/filenames.pickle', ['c/three'])
    write_pickle(root / 'train/class_info.pickle', [1, 2])
    return root


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def dump(path: Path, content, protocol: int = 2) -> Path:
    return write(path, pickle.dumps(content, protocol))


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Where one fuzzed file after the other is written."""
    return tmp_path_factory.mktemp('fuzzed')


@given(data=st.one_of(st.binary(max_size=60), st.text().map(lambda text: text.encode('utf-8', 'surrogatepass')),
                      damaged(b'A small bird.\n\nIt is red.\r\n')))
def test_caption_files(folder, data):
    path = write(folder / 'text/a.txt', data)
    with only_our_errors():
        lines = read_caption_lines(path)
        assert all(lines)
        build_caption_data(folder / 'text', ['a'], [], 1)


@given(content=st.one_of(PLAIN, edited(KEYS)), protocol=PICKLES)
def test_lists_of_images(folder, content, protocol):
    dump(folder / 'train/filenames.pickle', content, protocol)
    with only_our_errors():
        assert all(isinstance(key, str) for key in read_keys(folder, 'train'))


@given(data=damaged(pickle.dumps(KEYS, 2)))
def test_damaged_lists_of_images(folder, data):
    write(folder / 'train/filenames.pickle', data)
    with only_our_errors():
        read_keys(folder, 'train')


@given(content=st.one_of(PLAIN, edited([3, np.int64(4)]), st.builds(
    np.full, st.lists(st.integers(0, 2), max_size=2), st.sampled_from([1, 1.5, 'x', True, 2**63]))), protocol=PICKLES)
def test_class_ids(folder, content, protocol):
    dump(folder / 'train/class_info.pickle', content, protocol)
    with only_our_errors():
        assert read_class_ids(folder, 'train', 2).shape == (2,)


@given(content=st.one_of(PLAIN, edited(CAPTIONS)), protocol=PICKLES)
def test_captions(folder, content, protocol):
    path = dump(folder / 'captions.pickle', content, protocol)
    with only_our_errors():
        data = read_caption_data(path)
        assert all(data.vocabulary.decode(caption) is not None for caption in data.train)


@given(data=damaged(pickle.dumps(CAPTIONS, 2)))
def test_damaged_captions(folder, data):
    with only_our_errors():
        read_caption_data(write(folder / 'captions.pickle', data))


ROWS = st.lists(st.one_of(st.sampled_from(NAMES + BOXES), st.lists(FIELDS, max_size=6).map(' '.join)), max_size=4)


@given(names=ROWS, boxes=ROWS)
def test_boxes(folder, names, boxes):
    write(folder / 'images.txt', '\n'.join(names).encode('utf-8', 'surrogatepass'))
    write(folder / 'bounding_boxes.txt', '\n'.join(boxes).encode('utf-8', 'surrogatepass'))
    with only_our_errors():
        assert all(len(box) == 4 for box in read_boxes(folder).values())


@given(box=st.lists(FIELDS, min_size=4, max_size=4))
def test_images_cropped_to_strange_boxes(root, folder, box):
    write(folder / 'images.txt', b'1 a/one.jpg\n2 b/two.jpg')
    write(folder / 'bounding_boxes.txt', f'1 {" ".join(box)}\n2 1 1 5 5'.encode('utf-8', 'surrogatepass'))
    with only_our_errors():
        boxes = read_boxes(folder)
        image = load_image(root / 'CUB_200_2011/images/a/one.jpg')
        cropped = TRANSFORMS.build(dict(type='BBoxCrop'))(dict(img=image, bbox=boxes['a/one'], img_path='a/one.jpg'))
        assert min(cropped['img'].size) > 0


def picture(kind: str, mode: str) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (9, 7), 1).save(file, format=kind)
    return file.getvalue()


PICTURES = [picture(kind, mode) for kind, mode in (
    ('jpeg', 'RGB'), ('jpeg', 'L'), ('jpeg', 'CMYK'), ('png', 'RGBA'), ('png', 'P'), ('png', 'I;16'), ('gif', 'P'),
    ('webp', 'RGB'), ('bmp', '1'), ('tiff', 'F'))]


@given(data=st.one_of(st.sampled_from(PICTURES).flatmap(damaged), st.binary(max_size=40)))
@pytest.mark.filterwarnings('ignore')
def test_pictures(folder, data):
    with only_our_errors():
        assert load_image(write(folder / 'picture.jpg', data), upright=True).mode == 'RGB'


@given(path=st.sampled_from(['train/filenames.pickle', 'test/filenames.pickle', 'train/class_info.pickle',
                             'CUB_200_2011/images.txt', 'CUB_200_2011/bounding_boxes.txt', 'text/a/one.txt',
                             'CUB_200_2011/images/a/one.jpg']), data=st.data(), boxes=st.booleans(),
       on_error=st.sampled_from(['raise', 'skip']))
@pytest.mark.filterwarnings('ignore')
def test_whole_data_set(root, path, data, boxes, on_error):
    whole = (root / path).read_bytes()
    write(root / path, data.draw(damaged(whole)))
    try:
        with only_our_errors():
            dataset = CaptionImageDataset(root, captions_per_image=2, bbox=boxes, on_error=on_error, pipeline=PIPELINE)
            for index in range(len(dataset)):
                dataset[index]
    finally:
        write(root / path, whole)


@given(keys=st.lists(st.one_of(st.text(max_size=5), st.sampled_from(
    [*KEYS, 'x' * 300, 'a/' * 3000, 'nul\x00', '.', 'a//one', '\ud800', '~'])), min_size=1, max_size=3))
@pytest.mark.filterwarnings('ignore')
def test_images_of_strange_names(root, folder, keys):
    dump(folder / 'named/train/filenames.pickle', keys)
    dump(folder / 'named/test/filenames.pickle', [])
    for name in ('text', 'CUB_200_2011'):
        if not (folder / 'named' / name).exists():
            (folder / 'named' / name).symlink_to(root / name)
    with only_our_errors():
        find_image([root / 'CUB_200_2011/images'], read_keys(folder / 'named', 'train')[0])
    with only_our_errors():
        CaptionImageDataset(folder / 'named', captions_per_image=2, bbox=True)


@given(words=st.one_of(PLAIN, st.lists(st.text(max_size=3), max_size=4)), caption=st.text(max_size=20),
       unknown=st.sampled_from(['drop', 'error']))
def test_vocabularies(words, caption, unknown):
    with only_our_errors():
        assert Vocabulary(words).encode(caption, unknown)


@given(text=damaged(b'A red bird.\nA bird.\n'), image=damaged(PICTURES[0]), fraction=st.floats(0, 1))
@pytest.mark.filterwarnings('ignore')
def test_folders_of_pictures_and_captions(tmp_path_factory, text, image, fraction):
    folder = tmp_path_factory.mktemp('own')
    for name, data in dict(a=PICTURES[0], b=image, c=PICTURES[1]).items():
        write(folder / f'in/{name}.jpg', data)
        write(folder / f'in/{name}.txt', text if name == 'c' else b'A bird.\nIt is red.\n')
    with only_our_errors():
        prepare_caption_folder(folder / 'in', folder / 'out', test_fraction=fraction)
        build_vocabulary(folder / 'out', 1, overwrite=True)
