"""From a folder of pictures and text files to the layout of :class:`CaptionImageDataset`."""
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..utils import existing_parent, require_folder, require_writable
from .caption_files import SPLITS, build_caption_data, read_caption_lines, write_caption_data
from .caption_layout import EXTENSIONS, read_keys
from .prepare_parts import (
    OVERWRITE,
    FolderReport,
    Journal,
    Progress,
    begun,
    on_disk,
    place_file,
    require_count,
    require_other_folder,
    require_own_folder,
    require_space,
    write_keys,
    write_skipped,
)
from .transforms import load_image


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
    require_count(captions_per_image)
    data_root = require_folder(data_root, 'the data set', 'Check the path.')
    require_writable([data_root / 'captions.pickle'], overwrite, OVERWRITE)
    keys = [read_keys(data_root, split) for split in SPLITS]
    data = build_caption_data(data_root / 'text', *keys, captions_per_image, progress)
    write_caption_data(data_root / 'captions.pickle', data)
    return len(data.vocabulary)


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


def _require_picture(key: str, picture: Path, journal: Journal) -> None:
    """Raises DataError if a picture is broken; one that was found whole before is not decoded again."""
    stamp = [picture.stat().st_size, picture.stat().st_mtime_ns]
    if journal.done.get(key, (None, ''))[0] != stamp:
        load_image(picture)
        journal.add(key, stamp)


def _usable(image_dir: Path, text_dir: Path, minimum: int, report: FolderReport, journal: Journal,
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
            _require_picture(key, picture, journal)
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
    if captions_per_image is not None:
        require_count(captions_per_image)
    image_dir = require_folder(image_dir, 'the folder of pictures', 'Check --image-dir.')
    text_dir = require_folder(text_dir or image_dir, 'the folder of captions', 'Check --text-dir.')
    _require_fraction(test_fraction)
    require_other_folder(out, image_dir, '--image-dir')
    require_other_folder(out, text_dir, '--text-dir')
    require_own_folder(out, overwrite)
    report = FolderReport()
    with begun(out, [[str(image_dir.resolve())]], overwrite) as (folder, journal):
        usable = _usable(image_dir, text_dir, captions_per_image or 1, report, journal, progress)
        report.captions_per_image = captions_per_image or min(count for _, count in usable.values())
        _fill(folder, text_dir, usable, split_keys(usable, test_fraction, seed), report, progress)
    return report


def _fill(out: Path, text_dir: Path, usable: dict[str, tuple[Path, int]], splits: tuple[list[str], list[str]],
          report: FolderReport, progress: Progress) -> None:
    """Puts pictures and texts in place, then writes the lists, and last ``captions.pickle``."""
    pictures = {key: picture for key, (picture, _) in usable.items()}
    device = existing_parent(out).stat().st_dev
    copied = [picture for picture in pictures.values() if picture.stat().st_dev != device]
    require_space(out, sum(on_disk(picture.stat().st_size) for picture in copied))
    for key in progress(pictures):
        target = out / 'images' / f'{key}{pictures[key].suffix.lower()}'
        _remove_formats(target)
        place_file(pictures[key], target)
        place_file(text_dir / f'{key}.txt', out / 'text' / f'{key}.txt')
    for split, keys in zip(SPLITS, splits):
        write_keys(out, split, keys)
    write_skipped(out, report.skipped)
    report.train, report.test = map(len, splits)
    report.num_words = build_vocabulary(out, report.captions_per_image, overwrite=True, progress=progress)
