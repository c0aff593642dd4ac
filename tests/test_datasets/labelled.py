"""Small data sets of images with label maps, laid out as the official releases lay them out."""
from pathlib import Path

import numpy as np
from PIL import Image

from .conftest import write_image


def write_label(path: Path, values, size=(40, 30), palette: bool = False) -> None:
    """A label map of vertical stripes with these values, or of the array of values itself."""
    label = np.asarray(values, dtype=np.uint8)
    if label.ndim == 1:
        label = np.broadcast_to(np.repeat(label, -(-size[0] // len(label)))[:size[0]], size[::-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.ascontiguousarray(label))
    if palette:
        picture.putpalette(np.random.default_rng(0).permutation(256).repeat(3).astype(np.uint8).tolist())
    picture.save(path)


def write_pair(image: Path, label: Path, values, number: int = 0, palette: bool = False) -> None:
    write_image(image, number)
    write_label(label, values, palette=palette)


def ade20k(root: Path) -> Path:
    for split, folder, count in (('train', 'training', 3), ('val', 'validation', 2)):
        for number in range(1, count + 1):
            name = f'images/{folder}/ADE_{split}_{number:08d}'
            write_pair(root / f'{name}.jpg', root / f'{name}.png', [0, 1, 150, number], number)
    return root


def cityscapes(root: Path) -> Path:
    for split, city in (('train', 'aachen'), ('train', 'bochum'), ('val', 'munster')):
        for frame in ('000000_000019', '000001_000019'):
            name = f'{split}/{city}/{city}_{frame}'
            write_pair(root / 'leftImg8bit' / f'{name}_leftImg8bit.png',
                       root / 'gtFine' / f'{name}_gtFine_labelIds.png', [0, 7, 33])
            objects = np.broadcast_to(np.repeat([7, 26000, 26001, 33002], 10), (30, 40)).astype(np.uint16)
            Image.fromarray(objects).save(root / 'gtFine' / f'{name}_gtFine_instanceIds.png')
            write_image(root / 'gtFine' / f'{name}_gtFine_color.png', 0)
            (root / 'gtFine' / f'{name}_gtFine_polygons.json').write_text('{}')
    return root


def split_folders(root: Path, values, extra: str = '') -> Path:
    for split, names in (('train', ('2', '10', '1')), ('val', ('7',))):
        for name in names:
            write_pair(root / f'{split}_img{extra}' / f'{name}.jpg', root / f'{split}_label{extra}' / f'{name}.png',
                       values, palette=True)
    return root


def celebamask(root: Path) -> Path:
    """Four faces, the first of which wears glasses; images of 40 x 30, masks of 20 x 15."""
    masks = root / 'CelebAMask-HQ-mask-anno'
    for index in (0, 1, 2000, 2001):
        write_image(root / 'CelebA-HQ-img' / f'{index}.jpg', index)
        write_label(masks / 'all_parts_except_glasses' / f'{index:05d}.png', [0, 1, 17, 18], size=(20, 15))
    write_label(masks / '0' / '00000_eye_g.png', [0, 255, 0, 0], size=(20, 15))
    (root / 'train.txt').write_text('0\n2000\n1\n')
    (root / 'val.txt').write_text('2001\n')
    return root


def deepfashion(root: Path) -> Path:
    for name in ('WOMEN/Dresses/id_1', 'MEN/Pants/id_2'):
        write_image(root / 'img' / f'{name}.jpg', 0)
        candidate, subset = (root / 'pose' / f'{name}_{kind}.txt' for kind in ('candidate', 'subset'))
        candidate.parent.mkdir(parents=True, exist_ok=True)
        candidate.write_text('20 5 0.9 0\n20 15 0.8 1\n10 15 0.7 2\n')
        subset.write_text(' '.join(['0', '1', '2', *['-1'] * 15, '10.5', '3']) + '\n')
    (root / 'train.txt').write_text('img/WOMEN/Dresses/id_1.jpg\nMEN/Pants/id_2.jpg\n')
    (root / 'val.txt').write_text('MEN/Pants/id_2.jpg\n')
    return root
