"""What comes beside the pictures of CUB and COCO: lists of images, classes, captions."""
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..utils import Entry, Source
from ..utils.archives import zip_entries
from .caption_files import SPLITS, CaptionData, read_caption_data
from .caption_layout import METADATA, read_class_ids, read_keys

PICKLES = re.compile(r'(?:.*/)?((?:(?:train|test)/(?:filenames|class_info)|captions)\.pickle)')
NESTED = re.compile(r'(?:.*/)?text(?:_c10)?\.zip')
MAX_BYTES = 2 ** 30
"""Of one file of metadata; more is none."""


@dataclass
class CaptionMetadata:
    """What was found; a part that was not is None or empty.

    Args:
        keys: of the images, by split.
        classes: of the images, by split.
        captions: word ids and vocabulary.
        texts: content of the text files by key.
        extras: content of other files that were asked for, by their last name.
    """

    keys: dict[str, list[str]] | None = None
    classes: dict[str, np.ndarray] = field(default_factory=dict)
    captions: CaptionData | None = None
    texts: dict[str, bytes] = field(default_factory=dict)
    extras: dict[str, bytes] = field(default_factory=dict)


def _entries(source: Source) -> Iterator[Entry]:
    """Of a source and of the archives of text files within it."""
    for entry in source:
        if not NESTED.fullmatch(entry.name):
            yield entry
        else:
            yield from zip_entries(io.BytesIO(_content(entry, source)), f'{source.label}: {entry.name}')


def _content(entry: Entry, source: Source) -> bytes:
    if entry.size > MAX_BYTES:
        raise DataError(f'{source.label}: its {entry.name} has {entry.size / 2 ** 20:.0f} MiB, which is more than '
                        'captions have. Take the archive from its official page.')
    return entry.read()


def read_metadata(source: Source, text_key: re.Pattern, extras: Iterable[str] = ()) -> CaptionMetadata:
    """Reads AttnGAN's metadata, or only text files, from an archive or folder.

    Args:
        source: with ``{train,test}/filenames.pickle``, ``{train,test}/class_info.pickle``,
            ``captions.pickle``, text files, ``text.zip``: what there is of these, in whatever
            folder; the first of each counts.
        text_key: matches the whole name of a text file; its first group is the key.
        extras: last names of other files to read.

    Raises:
        DataError: something in it is damaged, unsafe, or half there.
    """
    found, pickles = CaptionMetadata(), {}
    for entry in _entries(source):
        pickle, text = PICKLES.fullmatch(entry.name), text_key.fullmatch(entry.name)
        name = entry.name.rpartition('/')[2]
        if pickle and pickle[1] not in pickles:
            pickles[pickle[1]] = _content(entry, source)
        elif text and text[1] not in found.texts:
            found.texts[text[1]] = _content(entry, source)
        elif name in extras:
            found.extras.setdefault(name, _content(entry, source))
    with tempfile.TemporaryDirectory() as folder:
        try:
            _read_pickles(found, pickles, Path(folder))
        except DataError as error:  # the user knows the source, not the temporary folder
            raise DataError(str(error).replace(folder, source.label)) from error
    return found


def _read_pickles(found: CaptionMetadata, pickles: dict[str, bytes], folder: Path) -> None:
    for name, content in pickles.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    if any(f'{split}/filenames.pickle' in pickles for split in SPLITS):
        found.keys = {split: read_keys(folder, split) for split in SPLITS}
        found.classes = {split: read_class_ids(folder, split, len(keys)) for split, keys in found.keys.items()
                         if f'{split}/class_info.pickle' in pickles}
    if 'captions.pickle' in pickles and found.keys is not None:
        found.captions = read_caption_data(folder / 'captions.pickle')


def require_captions(found: CaptionMetadata, label: str, captions_per_image: int) -> None:
    """
    Args:
        found: lists of images and captions.
        label: where they come from, for the message.
        captions_per_image: C.

    Raises:
        DataError: there are none, or not C of each image.
    """
    if found.captions is not None:
        counts = {split: len(keys) for split, keys in found.keys.items()}
        found.captions.check_counts(counts, captions_per_image, f'{label}: captions.pickle')
    elif not found.texts:
        raise DataError(f'{label}: holds no captions, neither captions.pickle nor text files. {METADATA}')
