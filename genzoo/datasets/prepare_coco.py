"""From COCO 2014's pictures and captions to the layout of :class:`CaptionImageDataset`."""
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError, DataError
from ..utils import Source
from .caption_files import SPLITS
from .caption_metadata import CaptionMetadata, read_metadata, require_captions
from .prepare_images import ImagePlacer
from .prepare_layout import Layout
from .prepare_parts import FolderReport, Journal, Progress, begun, require_count, require_other_folder
from .vocabulary import tokenise

IMAGE = re.compile(r'(?:.*/)?(COCO_(?:train|val)2014_\d{12})\.jpg')
TEXT = re.compile(r'(?:.*/)?(COCO_(?:train|val)2014_\d{12})\.txt')
FILES = dict(train='captions_train2014.json', test='captions_val2014.json')
COCO_PAGE = ('annotations_trainval2014.zip holds it (http://images.cocodataset.org/annotations/'
             'annotations_trainval2014.zip).')


def prepare_coco(images: Sequence[str | Path], out: str | Path, annotations: str | Path | None = None,
                 metadata: str | Path | None = None, captions_per_image: int = 5, overwrite: bool = False,
                 progress: Progress = iter) -> FolderReport:
    """Makes COCO 2014 with captions; pictures go from the archives straight into the layout.

    train2014 is for training and val2014 for testing. What is broken or missing is left out and
    reported. ``captions.pickle`` is written last: what was stopped is continued by the same
    call, without doing finished pictures again.

    Args:
        images: train2014.zip and val2014.zip, or the folders that they were unpacked to, or one
            folder with both.
        out: the folder to make.
        annotations: annotations_trainval2014.zip or its folder, with
            ``captions_{train,val}2014.json``.
        metadata: AttnGAN's coco.zip or its folder; its lists, captions and vocabulary go before
            those made from ``annotations``.
        captions_per_image: how many captions of each image are used, the first ones.
        overwrite: whether a folder that is complete may be made again.
        progress: wraps long iterations, e.g. ``tqdm``.

    Raises:
        DataError: something that was given is damaged, unsafe, or does not suffice.
        ConfigError: neither ``annotations`` nor ``metadata`` is given, or ``out`` is there already.
    """
    given = [(option, path) for option, path in (('--annotations', annotations), ('--metadata', metadata)) if path]
    if not given:
        raise ConfigError('there are no captions: give --annotations or --metadata, or both.')
    for option, path in given:
        require_other_folder(out, path, option)
    require_count(captions_per_image)
    sources = [Source(path) for path in images]
    texts = {option: Source(path) for option, path in given}
    with begun(out, [source.identity() for source in sources], overwrite) as (folder, journal):
        return _prepare(sources, texts, folder, captions_per_image, journal, progress)


def _prepare(sources: Sequence[Source], texts: dict[str, Source], out: Path, captions_per_image: int,
             journal: Journal, progress: Progress) -> FolderReport:
    found = read_metadata(texts['--metadata'], TEXT) if '--metadata' in texts else CaptionMetadata()
    if '--annotations' in texts:
        _add_annotations(found, texts['--annotations'], captions_per_image)
    labels = ' and '.join(source.label for source in texts.values())
    if found.keys is None:
        raise DataError(f'{labels}: says not which images are for training and which for testing. Give '
                        f'--annotations, too: {COCO_PAGE}')
    require_captions(found, labels, captions_per_image)
    keys = [key for split in SPLITS for key in found.keys[split]]
    placer = ImagePlacer(sources, keys, _key_of, lambda key: _target(out, key), journal)
    placer.require_space(out)
    problems = placer.place(progress)
    layout = Layout(out, captions_per_image, found.keys, found.classes, found.texts, found.captions, problems)
    layout.write_texts(progress)
    return layout.write(progress)


def _key_of(name: str) -> str | None:
    match = IMAGE.fullmatch(name)
    return match and match[1]


def _target(out: Path, key: str) -> Path:
    folder = next((name for name in ('train2014', 'val2014') if f'_{name}_' in key), 'images')
    return out / folder / f'{key}.jpg'


def _add_annotations(found: CaptionMetadata, source: Source, captions_per_image: int) -> None:
    """Adds lists and texts that the metadata does not have."""
    extras = read_metadata(source, TEXT, FILES.values()).extras
    keys = {}
    for split, name in FILES.items():
        if name not in extras:
            raise DataError(f'{source.label}: {name} is missing. {COCO_PAGE}')
        captions = read_annotations(extras[name], f'{source.label}: {name}')
        keys[split] = sorted(captions)
        for key, lines in captions.items():
            usable = [line for line in lines if tokenise(line)][:captions_per_image]
            found.texts.setdefault(key, ''.join(f'{line}\n' for line in usable).encode())
    if found.keys is None:
        found.keys = keys


def read_annotations(content: bytes, label: str) -> dict[str, list[str]]:
    """Captions of each image of COCO's ``captions_*.json``, in the file's order, each in one line.

    Args:
        content: of the file.
        label: how to call it in messages.

    Returns:
        Lists of captions, by the file name of the image without extension.

    Raises:
        DataError: it is not such a file.
    """
    try:
        data = json.loads(content)
        names = {image['id']: _stem(image['file_name'], label) for image in data['images']}
        captions: dict[str, list[str]] = {name: [] for name in names.values()}
        for annotation in data['annotations']:
            captions[names[annotation['image_id']]].append(' '.join(annotation['caption'].split()))
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f'{label}: truncated, or not captions of COCO ({type(error).__name__}: {error}). '
                        f'{COCO_PAGE}') from error
    return captions


def _stem(name: Any, label: str) -> str:
    key, _, extension = name.rpartition('.')
    if not re.fullmatch(r'[\w-]+', key) or not extension:
        raise DataError(f'{label}: {name!r} is no file name of a picture. {COCO_PAGE}')
    return key
