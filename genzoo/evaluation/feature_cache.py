"""Features of real images on disk, found by what the images and the network contain.

An image is known by the SHA-256 of its pixels, a network by its fingerprint, so nothing stale
is found while the code that computes features stays as it is: other pictures, another resize or other
weights have other names. Files::

    <cache_dir>/features/<fingerprint>_<output>/<SHA-256 of the images' names>.npy

Each holds a NumPy record array with the fields ``image`` (32 bytes) and ``features`` (D float32),
written under a temporary name first and mapped, not read, when it is opened.
"""
import hashlib
import logging
import os
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from torch import Tensor

from ..utils import atomic_write

CACHE_DIR = '~/.cache/genzoo'
"""Where features lie by default; the environment variable ``GENZOO_CACHE_DIR`` takes its place."""

# Weak: open as long as some metric uses it.
_CACHES: 'weakref.WeakValueDictionary[Path, FeatureCache]' = weakref.WeakValueDictionary()


def image_digest(image: Tensor) -> bytes:
    """SHA-256 of an image's size and pixels, (3, H, W) uint8; 32 bytes."""
    pixels = np.ascontiguousarray(image.cpu().numpy())
    return hashlib.sha256(f'{pixels.dtype} {pixels.shape} '.encode() + pixels.tobytes()).digest()


def shared_cache(cache_dir: str | Path | None, fingerprint: str, output: str) -> 'FeatureCache | None':
    """The one cache of a network's output.

    Args:
        cache_dir: where all caches lie; None: no cache.
        fingerprint: the network's.
        output: which of its outputs, e.g. ``'pool3'``.
    """
    if cache_dir is None:
        return None
    if cache_dir == CACHE_DIR:
        cache_dir = os.environ.get('GENZOO_CACHE_DIR', cache_dir)
    name = f'{fingerprint[:32]}_{"".join(letter if letter.isalnum() else "-" for letter in output)}'
    folder = Path(cache_dir).expanduser() / 'features' / name
    cache = _CACHES.get(folder)
    if cache is None:
        cache = _CACHES[folder] = FeatureCache(folder)
    return cache


def _is_cache(records: np.ndarray) -> bool:
    fields = records.dtype.fields or {}
    return (set(fields) == {'image', 'features'} and records.ndim == 1
            and fields['image'][0] == np.dtype(('u1', 32))
            and fields['features'][0].base == np.dtype('<f4') and len(fields['features'][0].shape) == 1)


class FeatureCache:
    """Features of one network by the pixels of their images.

    Args:
        folder: where the files lie; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[Path, np.ndarray] = {}
        self._places: dict[bytes, tuple[Path, int]] = {}

    def refresh(self) -> None:
        """Looks for files that were not there before; a broken one is named in a warning and left out."""
        for path in sorted(self.folder.glob('*.npy')):
            if path not in self._files:
                self._open(path)

    def _open(self, path: Path) -> None:
        try:
            records = np.load(path, mmap_mode='r', allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            records, reason = np.empty(0), f'{error}'
        else:
            reason = 'not an array of images and features'
        if not _is_cache(records):
            print_log(f'{path}: broken ({reason}); its features are computed again. Delete it.', 'current',
                      logging.WARNING)
        else:
            digests = np.ascontiguousarray(records['image'])
            self._places.update((digest.tobytes(), (path, place)) for place, digest in enumerate(digests))
        self._files[path] = records

    def get(self, digest: bytes) -> np.ndarray | None:
        """The features (D,) of the image, float32, or None if they are not known."""
        if digest not in self._places:
            return None
        path, place = self._places[digest]
        return np.array(self._files[path]['features'][place])

    def add(self, features: Mapping[bytes, np.ndarray]) -> None:
        """Writes what is not known yet as one file; a failure is a warning, for the metric is at hand.

        Args:
            features: (D,) by the image's digest.
        """
        self.refresh()
        new = {digest: row for digest, row in sorted(features.items()) if digest not in self._places}
        if not new:
            return
        size = len(next(iter(new.values())))
        records = np.empty(len(new), dtype=[('image', 'u1', (32,)), ('features', '<f4', (size,))])
        records['image'] = [np.frombuffer(digest, dtype=np.uint8) for digest in new]
        records['features'] = list(new.values())
        path = self.folder / f'{hashlib.sha256(records["image"].tobytes()).hexdigest()}.npy'
        try:
            with atomic_write(path) as file:
                np.save(file, records, allow_pickle=False)
        except OSError as error:
            print_log(f'{path}: the features of {len(new)} real images could not be kept ({error}). Set '
                      'cache_dir or GENZOO_CACHE_DIR to a folder with room.', 'current', logging.WARNING)
        else:
            self._files.pop(path, None)  # a broken one of this name
