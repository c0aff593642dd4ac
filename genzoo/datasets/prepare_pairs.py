"""From pictures of pairs side by side to two folders."""
import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..errors import DataError
from ..utils import remove_leftovers
from .image_files import list_images
from .prepare_parts import Progress, require_other_folder, write_content
from .transforms.image import load_image

HALVES = ('input', 'gt')


@dataclass
class SplitReport:
    """How many pictures were split now, and how many an earlier run had split."""

    made: int = 0
    kept: int = 0


def halves(picture: Image.Image, path: str | Path = 'image') -> tuple[Image.Image, Image.Image]:
    """The left and the right half of a picture.

    Args:
        picture: of an even width.
        path: of it, for the message.

    Raises:
        DataError: its width is odd.
    """
    width, height = picture.size
    if width % 2:
        raise DataError(f'{path}: has {width}x{height} pixels, an odd width has no two halves. Take it out, or give '
                        'pairs side by side.')
    return picture.crop((0, 0, width // 2, height)), picture.crop((width // 2, 0, width, height))


def split_pairs(image_dir: str | Path, out: str | Path, overwrite: bool = False,
                progress: Progress = iter) -> SplitReport:
    """Writes the left half of each picture to ``input/`` and the right one to ``gt/``, as PNG of the same name.

    So night2day's 512 x 256 pictures become pairs of 256 x 256. What is there is not made again.

    Args:
        image_dir: folder of pictures, searched in all depths.
        out: the folder to make.
        overwrite: whether halves that are there are made again.
        progress: wraps the iteration over the pictures, e.g. ``tqdm``.

    Raises:
        DataError: the folder is missing or empty, or a picture is broken or has an odd width.
        ConfigError: one of the folders lies in the other.
    """
    require_other_folder(out, image_dir, '--image-dir')
    out, report = Path(out).expanduser(), SplitReport()
    for half in HALVES:
        remove_leftovers(out / half)
    for path in progress(list_images(image_dir, 'the folder of pictures', 'Check --image-dir.')):
        name = Path(os.path.relpath(path, Path(image_dir).expanduser())).with_suffix('.png')
        targets = [out / half / name for half in HALVES]
        if all(target.is_file() for target in targets) and not overwrite:
            report.kept += 1
            continue
        for target, picture in zip(targets, halves(load_image(path), path)):
            content = io.BytesIO()
            picture.save(content, format='PNG')
            write_content(target, content.getvalue())
        report.made += 1
    return report
