"""Steps on the caption."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS
from ..caption_files import read_caption_data
from ..vocabulary import Vocabulary


def pad_or_subsample(ids: Sequence[int], max_words: int,
                     rng: np.random.RandomState) -> tuple[np.ndarray, int]:
    """A caption of fixed length.

    Args:
        ids: word ids of the caption.
        max_words: the length.
        rng: chooses the words that a longer caption keeps, in their order; a shorter one
            draws nothing.

    Returns:
        ``(max_words,)`` int64, 0 past the end, and the number of words.
    """
    ids = np.asarray(ids, dtype=np.int64)
    if len(ids) > max_words:
        positions = list(range(len(ids)))
        rng.shuffle(positions)
        ids = ids[sorted(positions[:max_words])]
    padded = np.zeros(max_words, dtype=np.int64)
    padded[:len(ids)] = ids
    return padded, len(ids)


@TRANSFORMS.register_module()
class SampleCaption(BaseTransform):
    """Takes one of ``captions``: number ``caption_index`` if the record says so, else any."""

    def transform(self, results: dict) -> dict:
        """Adds ``caption_index``, ``caption_ids`` (unpadded) and ``caption`` (text)."""
        if 'caption_index' not in results:
            results['caption_index'] = int(results['rng'].randint(len(results['captions'])))
        results['caption_ids'] = results['captions'][results['caption_index']]
        results['caption'] = results['vocabulary'].decode(results['caption_ids'])
        return results


@TRANSFORMS.register_module()
class TokenizeCaption(BaseTransform):
    """Turns ``caption``, free text, into word ids.

    Args:
        vocab: all words, ``'<end>'`` first, or the path of a ``captions.pickle``.
        unknown: ``'drop'`` unknown words with a warning, or ``'error'``.
    """

    def __init__(self, vocab: Sequence[str] | str | Path, unknown: str = 'drop') -> None:
        is_path = isinstance(vocab, str | Path)
        self.vocabulary = read_caption_data(vocab).vocabulary if is_path else Vocabulary(vocab)
        self.unknown = unknown

    def transform(self, results: dict) -> dict:
        """Adds ``caption_ids`` (unpadded); raises DataError as :meth:`Vocabulary.encode` does."""
        results['caption_ids'] = self.vocabulary.encode(results['caption'], self.unknown)
        return results


@TRANSFORMS.register_module()
class PadOrSubsampleCaption(BaseTransform):
    """Brings ``caption_ids`` to a fixed length, see :func:`pad_or_subsample`.

    Args:
        max_words: the length; None: what the data set says.
    """

    def __init__(self, max_words: int | None = None) -> None:
        self.max_words = max_words

    def transform(self, results: dict) -> dict:
        """Replaces ``caption_ids`` and adds ``caption_length``."""
        max_words = self.max_words or results['max_words']
        padded, length = pad_or_subsample(results['caption_ids'], max_words, results['rng'])
        results['caption_ids'], results['caption_length'] = padded, length
        return results
