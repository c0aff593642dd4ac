"""Captions of a data set: ``captions.pickle`` and the text files that it is made from."""
import itertools
import logging
import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..errors import DataError
from ..utils import atomic_write, require_file, restricted_load
from .vocabulary import END_WORD, Vocabulary, tokenise

SPLITS = ('train', 'test')
BUILD_REMEDY = 'Build it with tools/prepare/build_vocabulary.py.'


class CaptionTable(Sequence):
    """Captions as word ids in one flat array, which worker processes share without copying.

    Args:
        captions: lists of ids, none of them empty.
    """

    def __init__(self, captions: Sequence[Sequence[int]]) -> None:
        lengths = np.fromiter(map(len, captions), np.int64, len(captions))
        self._ends = np.cumsum(lengths)
        self._flat = np.fromiter(itertools.chain.from_iterable(captions), np.int64)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> np.ndarray:
        """Ids of one caption, (length,) int64; a view, not to be written to."""
        if not 0 <= index < len(self):
            raise IndexError(f'caption {index} of {len(self)}')
        start = self._ends[index - 1] if index else 0
        return self._flat[start:self._ends[index]]


@dataclass(frozen=True)
class CaptionData:
    """What ``captions.pickle`` holds.

    Captions of image i of a split are those at ``i * C .. i * C + C - 1``, with C captions
    per image.
    """

    train: Sequence[Sequence[int]]
    test: Sequence[Sequence[int]]
    vocabulary: Vocabulary

    def check_counts(self, num_images: dict[str, int], captions_per_image: int,
                     source: str | Path) -> None:
        """
        Args:
            num_images: of each split that is to be checked.
            captions_per_image: C.
            source: the file, for the message.

        Raises:
            DataError: a split has not exactly C captions per image.
        """
        for split, images in num_images.items():
            found = len(getattr(self, split))
            if found == images * captions_per_image:
                continue
            fits = images and found and found % images == 0
            remedy = f'Set captions_per_image={found // images}.' if fits else BUILD_REMEDY
            raise DataError(f'{source}: {found} {split} captions, but {images} images x '
                            f'{captions_per_image} captions per image are '
                            f'{images * captions_per_image}. {remedy}')


def read_caption_lines(path: str | Path) -> list[list[str]]:
    """The captions of a text file, one a line, as lists of words.

    Empty lines are skipped, and lines without any word too, with a message.

    Raises:
        DataError: the file is missing or not UTF-8.
    """
    path = require_file(path, 'the caption file', 'Write one caption per line there.')
    try:
        lines = path.read_bytes().decode('utf-8').split('\n')
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: not UTF-8 (byte {error.start}). Save it as UTF-8.') from error
    captions = []
    for number, line in enumerate(lines, start=1):
        words = tokenise(line)
        if words:
            captions.append(words)
        elif line.strip():
            print_log(f'{path}: line {number} holds no word and is skipped', 'current', logging.WARNING)
    return captions


def read_image_captions(path: str | Path, captions_per_image: int) -> list[list[str]]:
    """The first ``captions_per_image`` captions of a text file.

    Raises:
        DataError: there are fewer; going on would shift the captions of all later images.
    """
    captions = read_caption_lines(path)
    if len(captions) < captions_per_image:
        raise DataError(f'{path}: {len(captions)} captions, but captions_per_image is '
                        f'{captions_per_image}. Add lines, or lower captions_per_image.')
    return captions[:captions_per_image]


def build_caption_data(text_root: str | Path, train_keys: Sequence[str], test_keys: Sequence[str],
                       captions_per_image: int,
                       progress: Callable[[Iterable], Iterable] = iter) -> CaptionData:
    """Makes vocabulary and word ids from ``<text_root>/<key>.txt`` of all images.

    Args:
        text_root: folder of the text files.
        train_keys: images of the training split; their words come first.
        test_keys: images of the test split.
        captions_per_image: how many lines of each file are used.
        progress: wraps the iteration over all keys, e.g. ``tqdm``.

    Raises:
        DataError: a text file is missing or has too few captions.
    """
    text_root = Path(text_root)
    keys = [*train_keys, *test_keys]
    captions = [caption for key in progress(keys)
                for caption in read_image_captions(text_root / f'{key}.txt', captions_per_image)]
    vocabulary = Vocabulary.from_captions(captions)
    ids = [vocabulary.ids(caption) for caption in captions]
    num_train = len(train_keys) * captions_per_image
    return CaptionData(CaptionTable(ids[:num_train]), CaptionTable(ids[num_train:]), vocabulary)


def write_caption_data(path: str | Path, data: CaptionData) -> None:
    """Writes ``captions.pickle`` as AttnGAN's and SSA-GAN's official code reads it (protocol 2)."""
    words = dict(enumerate(data.vocabulary.words))
    tables = [[[int(word) for word in caption] for caption in table] for table in (data.train, data.test)]
    content = [*tables, words, {word: index for index, word in words.items()}]
    with atomic_write(path) as file:
        pickle.dump(content, file, protocol=2)


def read_caption_data(path: str | Path) -> CaptionData:
    """Reads ``captions.pickle``; nothing in it is executed.

    Raises:
        DataError: missing, unsafe, or not what :func:`write_caption_data` describes.
    """
    path = require_file(path, 'the file of captions', BUILD_REMEDY)
    content = restricted_load(path)
    if not isinstance(content, list | tuple) or len(content) != 4:
        count = f'{type(content).__name__} of {len(content)}' if hasattr(content, '__len__') else content
        raise DataError(f'{path}: must be a list of train captions, test captions, ixtoword and '
                        f'wordtoix, but is a {count}. {BUILD_REMEDY}')
    train, test, words, ids = content
    vocabulary = _checked_vocabulary(path, words, ids)
    tables = [_checked_table(path, split, captions, len(vocabulary))
              for split, captions in zip(SPLITS, (train, test))]
    return CaptionData(*tables, vocabulary)


def _checked_vocabulary(path: Path, words: dict[int, str], ids: dict[str, int]) -> Vocabulary:
    problem = None
    if not isinstance(words, dict) or not isinstance(ids, dict):
        problem = 'ixtoword and wordtoix must be dicts'
    elif sorted(map(repr, words)) != sorted(map(repr, range(len(words)))):
        problem = f'the {len(words)} keys of ixtoword must be 0..{len(words) - 1}'
    elif not all(isinstance(word, str) for word in words.values()) or len(set(words.values())) < len(words):
        problem = 'the words must be distinct strings'
    elif words.get(0) != END_WORD:
        problem = f'word 0 must be {END_WORD!r}, not {words.get(0)!r}'
    elif ids != {word: index for index, word in words.items()}:
        problem = f'wordtoix ({len(ids)} words) is not the inverse of ixtoword ({len(words)})'
    if problem:
        raise DataError(f'{path}: {problem}. {BUILD_REMEDY}')
    return Vocabulary([words[index] for index in range(len(words))])


def _checked_table(path: Path, split: str, captions: list[list[int]], num_words: int) -> CaptionTable:
    if not isinstance(captions, list) or not all(isinstance(caption, list) for caption in captions):
        raise DataError(f'{path}: the {split} captions must be a list of lists of word ids. {BUILD_REMEDY}')
    for index, caption in enumerate(captions):
        if not caption:
            raise DataError(f'{path}: {split} caption {index} is empty. {BUILD_REMEDY}')
        for word in caption:
            if not isinstance(word, int | np.integer) or not 0 <= word < num_words:
                raise DataError(f'{path}: {split} caption {index} holds {word!r}, but word ids are '
                                f'integers in 0..{num_words - 1}. {BUILD_REMEDY}')
    return CaptionTable(captions)
