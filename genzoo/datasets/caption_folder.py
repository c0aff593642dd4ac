"""From a folder of pictures and text files to the layout of :class:`CaptionImageDataset`."""
import filecmp
import os
import pickle
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..utils import atomic_write, refuse_existing, require_folder
from .caption_files import SPLITS, build_caption_data, read_caption_lines, write_caption_data
from .caption_layout import EXTENSIONS, read_keys
from .transforms import load_image

Progress = Callable[[Iterable], Iterable]
OVERWRITE = 'Give --overwrite to replace it.'


@dataclass
class FolderReport:
    """What became of a folder.

    Args:
        train: number of training images.
        test: number of test images.
        captions_per_image: that each of them has.
        num_words: size of the vocabulary.
        skipped: file and reason, of each picture that was left out.
    """

    train: int = 0
    test: int = 0
    captions_per_image: int = 0
    num_words: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)


def write_keys(data_root: Path, split: str, keys: list[str]) -> None:
    """Writes ``<split>/filenames.pickle`` (protocol 2)."""
    with atomic_write(data_root / split / 'filenames.pickle') as file:
        pickle.dump(keys, file, protocol=2)


def build_vocabulary(data_root: str | Path, captions_per_image: int, overwrite: bool = False,
                     progress: Progress = iter) -> int:
    """Writes ``captions.pickle`` from the text files of a folder in the layout.

    Args:
        data_root: with ``train/filenames.pickle``, ``test/filenames.pickle`` and ``text/``.
        captions_per_image: how many lines of each text file are used.
        overwrite: whether an existing ``captions.pickle`` may be replaced.
        progress: wraps the iteration over all images, e.g. ``tqdm``.

    Returns:
        Number of words.

    Raises:
        DataError: something is missing or too short.
        ConfigError: an argument is out of its range, or ``captions.pickle`` is there already.
    """
    if captions_per_image < 1:
        raise ConfigError(f'--captions-per-image {captions_per_image}: must be at least 1.')
    data_root = require_folder(data_root, 'the data set', 'Check the path.')
    refuse_existing([data_root / 'captions.pickle'], overwrite, OVERWRITE)
    keys = [read_keys(data_root, split) for split in SPLITS]
    data = build_caption_data(data_root / 'text', *keys, captions_per_image, progress)
    write_caption_data(data_root / 'captions.pickle', data)
    return len(data.vocabulary)


def _place(source: Path, target: Path) -> None:
    """Puts a file into the layout: a hard link, or a copy where links are not possible."""
    if target.is_file() and (target.samefile(source) or filecmp.cmp(source, target, shallow=False)):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        with open(source, 'rb') as original, atomic_write(target) as copy:
            shutil.copyfileobj(original, copy)


def _remove_formats(target: Path) -> None:
    """Removes the same picture in other formats, which an earlier run has left."""
    for suffix in EXTENSIONS:
        if suffix != target.suffix:
            target.with_name(f'{target.stem}{suffix}').unlink(missing_ok=True)


def _pictures(image_dir: Path) -> list[Path]:
    pictures = sorted(path for path in image_dir.rglob('*')
                      if path.suffix.lower() in EXTENSIONS and path.is_file())
    if not pictures:
        raise DataError(f'{image_dir}: holds no picture ({", ".join(EXTENSIONS)}).')
    return pictures


def _key(image_dir: Path, picture: Path) -> str:
    return picture.relative_to(image_dir).with_suffix('').as_posix()


def _usable(image_dir: Path, text_dir: Path, minimum: int, report: FolderReport,
            progress: Progress) -> dict[str, tuple[Path, int]]:
    """Picture and number of captions by key; what cannot be used goes into the report."""
    usable: dict[str, tuple[Path, int]] = {}
    for picture in progress(_pictures(image_dir)):
        key = _key(image_dir, picture)
        try:
            if key in usable:
                raise DataError(f'{usable[key][0].name} has the same name')
            count = len(read_caption_lines(text_dir / f'{key}.txt'))
            if count < minimum:
                raise DataError(f'{text_dir / key}.txt: {count} captions, {minimum} are needed')
            load_image(picture)
            usable[key] = picture, count
        except DataError as error:
            # The reason alone: who skips the picture needs neither its path again nor a remedy.
            report.skipped.append((picture, str(error).removeprefix(f'{picture}: ').partition('. ')[0]))
    if not usable:
        raise DataError(f'{image_dir}: none of its {len(report.skipped)} pictures can be used, the first '
                        f'because: {report.skipped[0][1]}')
    return usable


def _require_fraction(test_fraction: float) -> None:
    if not 0 <= test_fraction < 1:
        raise ConfigError(f'--test-fraction {test_fraction}: must be at least 0 and less than 1.')


def split_keys(keys: Iterable[str], test_fraction: float, seed: int) -> tuple[list[str], list[str]]:
    """Training and test keys, each sorted; neither is empty unless ``test_fraction`` is 0.

    Raises:
        ConfigError: ``test_fraction`` is not in [0, 1), or one key is to be split in two.
    """
    keys = sorted(keys)
    _require_fraction(test_fraction)
    if test_fraction and len(keys) < 2:
        raise ConfigError(f'--test-fraction {test_fraction}: one usable picture cannot be split. '
                          'Give more pictures or --test-fraction 0.')
    count = min(max(round(test_fraction * len(keys)), 1), len(keys) - 1) if test_fraction else 0
    chosen = set(np.random.default_rng(seed).permutation(len(keys))[:count].tolist())
    return ([key for index, key in enumerate(keys) if index not in chosen],
            [key for index, key in enumerate(keys) if index in chosen])


def prepare_caption_folder(image_dir: str | Path, out: str | Path, text_dir: str | Path | None = None,
                           captions_per_image: int | None = None, test_fraction: float = 0.1,
                           seed: int = 0, overwrite: bool = False,
                           progress: Progress = iter) -> FolderReport:
    """Turns pictures and same-name text files into a folder for :class:`CaptionImageDataset`.

    Pictures that are broken, have no text file or too few captions are skipped and reported.
    Pictures become hard links where the file system can, else copies. The lists of images are
    written last, each whole or not at all: what was stopped is continued by the same call.

    Args:
        image_dir: pictures, sub-folders included.
        out: the folder to make.
        text_dir: the text files, one caption a line; None: beside the pictures.
        captions_per_image: how many captions of each picture are used; None: as many as the
            picture with the fewest has.
        test_fraction: share of the pictures that goes into the test split, in [0, 1).
        seed: which ones.
        overwrite: whether a folder that is complete may be made again.
        progress: wraps long iterations, e.g. ``tqdm``.

    Raises:
        DataError: no picture can be used.
        ConfigError: an argument is out of its range, or ``out`` is there already.
    """
    if captions_per_image is not None and captions_per_image < 1:
        raise ConfigError(f'--captions-per-image {captions_per_image}: must be at least 1.')
    image_dir = require_folder(image_dir, 'the folder of pictures', 'Check --image-dir.')
    text_dir = require_folder(text_dir or image_dir, 'the folder of captions', 'Check --text-dir.')
    _require_fraction(test_fraction)
    out = Path(out).expanduser()
    if out.is_file():
        raise ConfigError(f'--out {out}: is a file. Choose a folder.')
    refuse_existing([out / 'captions.pickle'], overwrite, OVERWRITE)
    report = FolderReport()
    usable = _usable(image_dir, text_dir, captions_per_image or 1, report, progress)
    train, test = split_keys(usable, test_fraction, seed)
    for key, (picture, _) in usable.items():
        target = out / 'images' / f'{key}{picture.suffix.lower()}'
        _remove_formats(target)
        _place(picture, target)
        _place(text_dir / f'{key}.txt', out / 'text' / f'{key}.txt')
    for split, keys in zip(SPLITS, (train, test)):
        write_keys(out, split, keys)
    report.train, report.test = len(train), len(test)
    report.captions_per_image = captions_per_image or min(count for _, count in usable.values())
    report.num_words = build_vocabulary(out, report.captions_per_image, overwrite=True)
    return report
