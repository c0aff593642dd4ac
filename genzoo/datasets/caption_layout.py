"""The folder layout of AttnGAN's metadata: keys, classes, boxes and where the images lie."""
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ..errors import DataError
from ..utils import require_file, restricted_load

METADATA = ('AttnGAN\'s metadata page provides it (CUB: https://drive.google.com/open?id='
            '1O_LtUP9sch09QH3s_EBAgLEctBQ5JBSJ, COCO: https://drive.google.com/open?id='
            '1rSnbIGNDGZeHlsUlLdahj0RJ9oo6lgH9); for your own images and captions, run '
            'tools/prepare/captions_folder.py.')
CUB_PAGE = 'CUB-200-2011\'s archive holds it (https://www.vision.caltech.edu/datasets/cub_200_2011/).'
IMAGE_DIRS = ('CUB_200_2011/images', 'images', 'train2014', 'val2014')
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.webp', '.bmp')


def _is_relative(key: str) -> bool:
    return bool(key) and not key.startswith('/') and '..' not in key.split('/') and min(key) >= ' '


def read_keys(data_root: Path, split: str) -> list[str]:
    """Names of a split's images without extension, ``<split>/filenames.pickle``.

    Raises:
        DataError: the file is missing, or not a list of relative paths.
    """
    path = require_file(data_root / split / 'filenames.pickle', f'the list of {split} images', METADATA)
    keys = restricted_load(path)
    if not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
        raise DataError(f'{path}: must be a list of strings. {METADATA}')
    outside = next((key for key in keys if not _is_relative(key)), None)
    if outside is not None:
        raise DataError(f'{path}: {outside!r} does not stay in the image folder. {METADATA}')
    return list(keys)


def read_class_ids(data_root: Path, split: str, num_images: int) -> np.ndarray:
    """Class of each image, (num_images,) int64; without ``class_info.pickle`` each is its own class.

    Raises:
        DataError: the file is not a list of one integer per image.
    """
    path = data_root / split / 'class_info.pickle'
    if not path.is_file():
        return np.arange(num_images)
    classes = restricted_load(path)
    classes = classes.tolist() if isinstance(classes, np.ndarray) else classes
    if (not isinstance(classes, list | tuple)
            or not all(isinstance(value, int | np.integer) and abs(int(value)) < 2**63 for value in classes)):
        raise DataError(f'{path}: must be a list of integers, at most 64 bits each. {METADATA}')
    if len(classes) != num_images:
        raise DataError(f'{path}: {len(classes)} class ids for {num_images} images. {METADATA}')
    return np.array(classes, dtype=np.int64)


def _read_rows(path: Path, num_fields: int, form: str) -> list[list[str]]:
    lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
    rows = [line.split() for line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != num_fields:
            raise DataError(f'{path}: line {number} is {" ".join(row)!r}, not {form!r}. {CUB_PAGE}')
    return rows


def read_boxes(data_root: Path) -> dict[str, tuple[int, int, int, int]]:
    """Bounding boxes by key, ``(x, y, width, height)`` in pixels, truncated to integers.

    Joins ``images.txt`` and ``bounding_boxes.txt`` by image id; both lie in
    ``CUB_200_2011/`` or in ``data_root`` itself.

    Raises:
        DataError: a file is missing or malformed, or an image has no box.
    """
    folder = data_root / 'CUB_200_2011'
    folder = folder if folder.is_dir() else data_root
    remedy = f'{CUB_PAGE} Without boxes, set bbox=False.'
    names_path = require_file(folder / 'images.txt', 'the list of image ids', remedy)
    boxes_path = require_file(folder / 'bounding_boxes.txt', 'the list of bounding boxes', remedy)
    names = dict(_read_rows(names_path, 2, '<image id> <class dir>/<name>.jpg'))
    try:
        boxes = {row[0]: tuple(int(float(value)) for value in row[1:])
                 for row in _read_rows(boxes_path, 5, '<image id> x y width height')}
    except (ValueError, OverflowError) as error:
        raise DataError(f'{boxes_path}: {error}. {CUB_PAGE}') from error
    boxless = [name for image_id, name in names.items() if image_id not in boxes]
    if boxless:
        raise DataError(f'{boxes_path}: {len(boxless)} of {len(names)} images have no box, '
                        f'the first is {boxless[0]}. {CUB_PAGE}')
    return {str(PurePosixPath(name).with_suffix('')): boxes[image_id] for image_id, name in names.items()}


def image_folders(data_root: Path, image_dirs: Sequence[str] | None) -> list[Path]:
    """Folders in which images are looked for, in this order; only those that exist.

    Args:
        data_root: of the data set.
        image_dirs: relative to ``data_root`` or absolute; None: ``CUB_200_2011/images``,
            ``images``, ``train2014`` and ``val2014``.

    Raises:
        DataError: none of them exists.
    """
    folders = [data_root / name for name in image_dirs or IMAGE_DIRS]
    existing = [folder for folder in folders if folder.is_dir()]
    if not existing:
        tried = ', '.join(str(name) for name in image_dirs or IMAGE_DIRS)
        raise DataError(f'{data_root}: no image folder (tried {tried}). Put the images of CUB-200-2011 '
                        '(https://www.vision.caltech.edu/datasets/cub_200_2011/) or COCO 2014 '
                        '(https://cocodataset.org/#download) there, or set image_dirs.')
    return existing


def find_image(folders: Sequence[Path], key: str) -> Path:
    """The file of an image.

    Raises:
        DataError: it lies in none of ``folders``.
    """
    for folder in folders:
        for extension in EXTENSIONS:
            path = folder / f'{key}{extension}'
            if os.path.isfile(path):  # in contrast to Path's, also of a name that is too long
                return path
    raise DataError(f'{folders[0] / key}.jpg: the image is missing (looked in '
                    f'{", ".join(map(str, folders))}). Fetch it or set image_dirs.')
