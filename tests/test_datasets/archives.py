"""Tiny CUB and COCO downloads with real JPEGs, packed as they are released."""
import io
import json
import pickle
import runpy
import sys
import tarfile
import zipfile

import numpy as np
from PIL import Image

from .conftest import COCO_KEYS, CUB_KEYS


def jpeg(seed: int, size: tuple[int, int] = (40, 30)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1] // 5, size[0] // 5, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(file, 'JPEG')
    return file.getvalue()


def captions(number: int, count: int) -> bytes:
    return ''.join(f'Bird {number}, its view no. {view}.\n' for view in range(count)).encode()


def cub_images() -> dict[str, bytes]:
    """Content of CUB_200_2011.tgz, lists after the pictures."""
    keys = CUB_KEYS['train'] + CUB_KEYS['test']
    files = {'attributes.txt': b'1 has_bill_shape::curved\n'}
    files |= {f'CUB_200_2011/images/{key}.jpg': jpeg(number) for number, key in enumerate(keys, start=1)}
    lines = dict(images='{number} {key}.jpg', bounding_boxes='{number} {number}.0 5.0 20.7 15.0',
                 image_class_labels='{number} 1', train_test_split='{number} 1')
    for name, line in lines.items():
        text = ''.join(line.format(number=number, key=key) + '\n' for number, key in enumerate(keys, start=1))
        files[f'CUB_200_2011/{name}.txt'] = text.encode()
    files['CUB_200_2011/parts/parts.txt'] = b'1 back\n'
    return files


def cub_texts(prefix: str = 'text/') -> dict[str, bytes]:
    keys = CUB_KEYS['train'] + CUB_KEYS['test']
    return {f'{prefix}{key}.txt': captions(number, 10) for number, key in enumerate(keys, start=1)}


def lists(keys: dict, prefix: str, with_classes: bool = False) -> dict[str, bytes]:
    files = {f'{prefix}{split}/filenames.pickle': pickle.dumps(names, protocol=2) for split, names in keys.items()}
    if with_classes:
        files |= {f'{prefix}{split}/class_info.pickle': pickle.dumps([int(name[:3]) for name in names], protocol=2)
                  for split, names in keys.items()}
    return files


def caption_pickle(keys: dict, count: int) -> bytes:
    """A vocabulary in an order of its own, and caption i of image n as the words n, i."""
    words = ['<end>', 'zebra', *(str(number) for number in range(20))]
    tables = [[[2 + image, 2 + view] for image in range(len(keys[split])) for view in range(count)]
              for split in ('train', 'test')]
    content = [*tables, dict(enumerate(words)), {word: index for index, word in enumerate(words)}]
    return pickle.dumps(content, protocol=2)


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def birds_zip() -> dict[str, bytes]:
    """Content of AttnGAN's birds.zip."""
    return {**lists(CUB_KEYS, 'birds/', with_classes=True), 'birds/text.zip': zipped(cub_texts()),
            'birds/captions.pickle': caption_pickle(CUB_KEYS, 10), 'birds/example_filenames.txt': b'example\n'}


def coco_annotations() -> dict[str, bytes]:
    """Content of annotations_trainval2014.zip: images and captions in no order, six captions an image."""
    files = {}
    for split, name in (('train', 'train2014'), ('test', 'val2014')):
        numbered = [(int(key[-12:]), key) for key in reversed(COCO_KEYS[split])]
        images = [dict(id=number, file_name=f'{key}.jpg', height=30, width=40) for number, key in numbered]
        annotations = [dict(id=100 * view + place, image_id=number, caption=f'A  dog of {number},\nview {view}.\n')
                       for view in range(6) for place, (number, _) in enumerate(numbered)]
        content = dict(info={}, licenses=[], images=images, annotations=annotations)
        files[f'annotations/captions_{name}.json'] = json.dumps(content).encode()
        files[f'annotations/instances_{name}.json'] = b'{}'
    return files


def coco_images(split: str) -> dict[str, bytes]:
    folder = dict(train='train2014', test='val2014')[split]
    return {f'{folder}/{key}.jpg': jpeg(number) for number, key in enumerate(COCO_KEYS[split])}


def write_zip(path, files):
    path.write_bytes(zipped(files))
    return path


def write_tgz(path, files):
    with tarfile.open(path, 'w:gz') as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_folder(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def run_tool(monkeypatch, capsys, tool, *args):
    """Status, standard output and standard error of a tool, run in this process."""
    monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, args)])
    try:
        runpy.run_path(str(tool), run_name='__main__')
        status = 0
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    return status, printed.out, printed.err
