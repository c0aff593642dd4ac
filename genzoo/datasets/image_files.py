"""Which picture files a folder holds, and in which order."""
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from ..utils import require_folder

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.tif', '.tiff')
"""In lower or upper case."""


def natural_key(text: str) -> list[int | str]:
    """Sorts digits as numbers and other text without regard to case: 2.png before 10.png."""
    return [int(part) if place % 2 else part.lower() for place, part in enumerate(re.split(r'([0-9]+)', text))]


def files_below(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Files of a folder and all folders in it, links followed, sorted as plain strings.

    Args:
        folder: where to look.
        suffixes: in lower case; files that end otherwise are left out.
    """
    found, seen = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a link to a folder above
            folders.clear()
            continue
        seen.add(real)
        found += [os.path.join(place, name) for name in names
                  if name.lower().endswith(suffixes) and not name.startswith('.')]
    return sorted(found)


def list_images(folder: str | Path, what: str, remedy: str, suffixes: tuple[str, ...] = IMAGE_SUFFIXES) -> list[str]:
    """:func:`files_below` of a folder that must have some.

    Args:
        folder: where to look.
        what: the folder is, for messages.
        remedy: what to do if it is missing or empty.
        suffixes: in lower case.

    Raises:
        DataError: it is missing, or has no such file.
    """
    folder = require_folder(folder, what, remedy)
    files = files_below(folder, suffixes)
    if not files:
        raise DataError(f'{folder}: {what} holds no file that ends in {", ".join(suffixes)}. {remedy}')
    return files


def key_below(path: str, folder: str | Path) -> str:
    """A file's place in a folder without its extension, ``/`` between names: its key."""
    return Path(os.path.relpath(path, folder)).with_suffix('').as_posix()


def keys_below(paths: Sequence[str], folder: str | Path) -> list[str]:
    """:func:`key_below` of each file; files that would share a key, ``a.jpg`` and ``a.png``, keep their extension."""
    keys = [key_below(path, folder) for path in paths]
    counts = Counter(keys)
    return [key if counts[key] == 1 else key + Path(path).suffix for key, path in zip(keys, paths)]
