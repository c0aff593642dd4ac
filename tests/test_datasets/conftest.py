"""Small data sets with real JPEGs, laid out as the official releases lay them out."""
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PIPELINE = [dict(type=step) for step in ('LoadTextImage', 'SampleCaption', 'PadOrSubsampleCaption')] + [
    dict(type='ResizeShortSide', size=20), dict(type='RandomCrop', size=16), dict(type='RandomFlip'),
    dict(type='PackTextImage')]

CUB_KEYS = dict(
    train=['001.Black_footed_Albatross/Black_Footed_Albatross_0046_18',
           '002.Laysan_Albatross/Laysan_Albatross_0002_1027',
           '002.Laysan_Albatross/Laysan_Albatross_0003_1033'],
    test=['200.Common_Yellowthroat/Common_Yellowthroat_0003_190521'])
COCO_KEYS = dict(train=['COCO_train2014_000000057870', 'COCO_train2014_000000384029'],
                 test=['COCO_val2014_000000391895'])


def write_image(path: Path, seed: int, size: tuple[int, int] = (40, 30)) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 5, size[0] // 5, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).resize(size).save(path)


def write_text(path: Path, number: int, captions: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(f'Bird {number}, its view no. {view}.\n' for view in range(captions)))


def write_pickle(path: Path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=2))


@pytest.fixture
def cub_root(tmp_path):
    """CUB-200-2011 with 3 training and 1 test image, 10 captions each, and bounding boxes."""
    root = tmp_path / 'birds'
    names, boxes = [], []
    keys = CUB_KEYS['train'] + CUB_KEYS['test']
    for number, key in enumerate(keys, start=1):
        write_image(root / 'CUB_200_2011' / 'images' / f'{key}.jpg', number)
        write_text(root / 'text' / f'{key}.txt', number, 10)
        names.append(f'{number} {key}.jpg\n')
        boxes.append(f'{number} {number}.0 5.0 20.7 15.0\n')
    (root / 'CUB_200_2011' / 'images.txt').write_text(''.join(names))
    (root / 'CUB_200_2011' / 'bounding_boxes.txt').write_text(''.join(boxes))
    for split, split_keys in CUB_KEYS.items():
        write_pickle(root / split / 'filenames.pickle', split_keys)
        write_pickle(root / split / 'class_info.pickle', [int(key[:3]) for key in split_keys])
    return root


@pytest.fixture
def coco_root(tmp_path):
    """COCO 2014 with 2 training and 1 test image, 5 captions each, in train2014/ and val2014/."""
    root = tmp_path / 'coco'
    for split, folder in (('train', 'train2014'), ('test', 'val2014')):
        write_pickle(root / split / 'filenames.pickle', COCO_KEYS[split])
        for number, key in enumerate(COCO_KEYS[split]):
            write_image(root / folder / f'{key}.jpg', number)
            write_text(root / 'text' / f'{key}.txt', number, 5)
    return root
