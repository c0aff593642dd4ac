"""From CUB-200-2011's archive and its captions to the layout of :class:`CaptionImageDataset`."""
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..utils import Source, require_file
from .caption_files import SPLITS
from .caption_layout import CUB_PAGE, METADATA, read_boxes
from .caption_metadata import CaptionMetadata, read_metadata, require_captions
from .prepare_images import ImagePlacer
from .prepare_layout import Layout
from .prepare_parts import FolderReport, Journal, Progress, begun, require_count, require_other_folder

IMAGE = re.compile(r'(?:.*/)?images/(\d{3}\.[^/]+/[^/]+)\.jpg')
TEXT = re.compile(r'(?:.*/)?(\d{3}\.[^/]+/[^/]+)\.txt')
LISTS = ('images.txt', 'bounding_boxes.txt')
TEST_CLASSES = 'testclasses.txt'
"""Beside Reed's text files: the 50 test classes of zero-shot learning, one a line."""
NO_SPLIT = ('says not which images are for training and which for testing. Give --test-classes with a file of one '
            "class a line (Reed's cvpr2016_cub has it as testclasses.txt), or --splits with a folder that holds "
            '{train,test}/filenames.pickle. CUB\'s own train_test_split.txt is another split, of the same 200 classes.')


def prepare_cub(images: str | Path, captions: str | Path, out: str | Path, splits: str | Path | None = None,
                test_classes: str | Path | None = None, captions_per_image: int = 10, overwrite: bool = False,
                progress: Progress = iter) -> FolderReport:
    """Makes CUB-200-2011 with captions; pictures go from the archive straight into the layout.

    What is broken or missing is left out and reported. ``captions.pickle`` is written last: what
    was stopped is continued by the same call, without doing finished pictures again.

    Args:
        images: CUB_200_2011.tgz, or the folder that it was unpacked to.
        captions: AttnGAN's birds.zip or its folder, or only text files, ``<class>/<name>.txt``,
            as a folder or archive.
        out: the folder to make.
        splits: folder or archive with ``{train,test}/filenames.pickle``, in place of those that
            come with ``captions``.
        test_classes: file of the test classes, one a line, as name or number; all others are
            for training.
        captions_per_image: how many captions of each image are used.
        overwrite: whether a folder that is complete may be made again.
        progress: wraps long iterations, e.g. ``tqdm``.

    Raises:
        DataError: something that was given is damaged, unsafe, or does not suffice.
        ConfigError: options exclude each other, or ``out`` is there already.
    """
    _check_options(out, captions, splits, test_classes, captions_per_image)
    pictures, texts = Source(images), Source(captions)
    with begun(out, [pictures.identity()], overwrite) as (folder, journal):
        return _prepare(pictures, texts, folder, splits, test_classes, captions_per_image, journal, progress)


def _prepare(pictures: Source, texts: Source, out: Path, splits: str | Path | None, test_classes: str | Path | None,
             captions_per_image: int, journal: Journal, progress: Progress) -> FolderReport:
    found = read_metadata(texts, TEXT, [TEST_CLASSES])
    note = _find_split(found, texts, splits, test_classes)
    require_captions(found, texts.label, captions_per_image)
    keys = [key for split in SPLITS for key in found.keys[split]]
    problems = _place_pictures(pictures, keys, out, journal, progress)
    classes = {split: found.classes.get(split, _class_ids(found.keys[split])) for split in SPLITS}
    layout = Layout(out, captions_per_image, found.keys, classes, found.texts, found.captions, problems)
    layout.write_texts(progress)
    report = layout.write(progress)
    report.notes.append(note)
    return report


def _check_options(out: str | Path, captions: str | Path, splits: str | Path | None, test_classes: str | Path | None,
                   captions_per_image: int) -> None:
    require_other_folder(out, captions, '--captions')
    if splits is not None and test_classes is not None:
        raise ConfigError('--splits and --test-classes both say which images are for testing: choose one of them.')
    require_count(captions_per_image)


def _find_split(found: CaptionMetadata, source: Source, splits: str | Path | None,
                test_classes: str | Path | None) -> str:
    """Sees to ``found.keys``, and says where they are from; ids of captions fit their own lists only."""
    if splits is not None:
        other = read_metadata(Source(splits), TEXT)
        if other.keys is None:
            raise DataError(f'--splits {splits}: holds no {{train,test}}/filenames.pickle. {METADATA}')
        if found.keys != other.keys:
            found.captions = None
        found.keys, found.classes = other.keys, other.classes
        return f'split: as {splits} says'
    if test_classes is not None:
        path = require_file(test_classes, 'the list of test classes', 'Write one class a line there.')
        _split_by_class(found, path.read_bytes(), str(path))
        return f'split: the classes of {path} are for testing'
    if found.keys is not None:
        return f'split: as {source.label} says'
    if TEST_CLASSES not in found.extras:
        raise DataError(f'{source.label}: {NO_SPLIT}' if found.texts else f'{source.label}: holds no captions of CUB. '
                        f'{METADATA}')
    _split_by_class(found, found.extras[TEST_CLASSES], f'{source.label}: {TEST_CLASSES}')
    return f'split: the classes of {source.label}: {TEST_CLASSES} are for testing'


def _split_by_class(found: CaptionMetadata, content: bytes, label: str) -> None:
    listed = [key for split in SPLITS for key in found.keys[split]] if found.keys else found.texts
    names = {key.partition('/')[0] for key in listed}
    by_number = {int(name[:3]): name for name in names}
    chosen = set()
    for word in content.decode('utf-8', 'replace').split():
        name = by_number.get(int(word)) if word.isdigit() else word
        if name not in names:
            raise DataError(f'{label}: {word!r} is no class that has captions; there are {len(names)}, such as '
                            f'{min(names, default="none")}. Write one class a line, as name or number.')
        chosen.add(name)
    ordered = sorted(listed)
    found.keys = dict(train=[key for key in ordered if key.partition('/')[0] not in chosen],
                      test=[key for key in ordered if key.partition('/')[0] in chosen])
    found.classes, found.captions = {}, None
    if not all(found.keys.values()):
        raise DataError(f'{label}: names {len(chosen)} of {len(names)} classes, so that one split is empty. '
                        'Name those for testing only.')


def _class_ids(keys: Sequence[str]) -> np.ndarray:
    """Numbers of the classes, which their names begin with."""
    return np.array([int(key[:3]) for key in keys])


def _place_pictures(source: Source, keys: Sequence[str], out: Path, journal: Journal,
                    progress: Progress) -> dict[str, str]:
    """Pictures, their list and their boxes; returns why not, for each key without a usable picture."""
    folder = out / 'CUB_200_2011'

    def key_of(name: str) -> str | None:
        match = IMAGE.fullmatch(name)
        return match and match[1]

    placer = ImagePlacer([source], keys, key_of, lambda key: folder / 'images' / f'{key}.jpg', journal,
                         {name: folder / name for name in LISTS})
    placer.require_space(out)
    problems = placer.place(progress)
    missing = [name for name in LISTS if not (folder / name).is_file()]
    if missing:
        raise DataError(f'{source.label}: holds no {" and no ".join(missing)}. {CUB_PAGE}')
    boxes = read_boxes(out)
    problems.update({key: 'no bounding box' for key in keys if key not in boxes and key not in problems})
    return problems
