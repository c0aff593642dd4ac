"""Words of a caption, and their ids: AttnGAN's rules."""
import difflib
import logging
import re
from collections.abc import Iterable, Sequence

from mmengine.logging import print_log

from ..errors import ConfigError, DataError

END_WORD = '<end>'
"""Word 0 of every vocabulary; no caption holds it, so that id 0 serves as padding."""


def tokenise(text: str) -> list[str]:
    """Lower-case runs of letters, digits and underscores, non-ASCII characters dropped.

    >>> tokenise("This bird's belly is yellow-ish, and white.")
    ['this', 'bird', 's', 'belly', 'is', 'yellow', 'ish', 'and', 'white']
    """
    runs = re.findall(r'\w+', text.replace('\ufffd\ufffd', ' ').lower())
    words = (run.encode('ascii', 'ignore').decode() for run in runs)
    return [word for word in words if word]


class Vocabulary:
    """The words that captions are made of; a word's id is its place.

    Args:
        words: all of them, ``'<end>'`` first.

    Raises:
        DataError: a word is there twice or is not a string, or none is there.
    """

    def __init__(self, words: Sequence[str]) -> None:
        if not isinstance(words, Sequence) or not words or not all(isinstance(word, str) for word in words):
            raise DataError('a vocabulary must be a list of strings and not empty.')
        self.words = list(words)
        self._ids = {word: index for index, word in enumerate(self.words)}
        if len(self._ids) < len(self.words):
            twice = next(word for index, word in enumerate(self.words) if self._ids[word] != index)
            raise DataError(f'a vocabulary must not hold a word twice, as this one does {twice!r}.')

    @classmethod
    def from_captions(cls, captions: Iterable[Sequence[str]]) -> 'Vocabulary':
        """``'<end>'``, then the words of ``captions`` (lists of words) in order of first appearance."""
        words = dict.fromkeys([END_WORD])
        for caption in captions:
            words.update(dict.fromkeys(caption))
        return cls(list(words))

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def ids(self, words: Iterable[str]) -> list[int]:
        """Ids of words that are all known; KeyError if one is not."""
        return [self._ids[word] for word in words]

    def decode(self, ids: Iterable[int]) -> str:
        """The words of ``ids``, joined by spaces; padding (0) is left out."""
        return ' '.join(self.words[index] for index in ids if index != 0)

    def encode(self, text: str, unknown: str = 'drop') -> list[int]:
        """Ids of the words of free text.

        Args:
            text: a caption in any spelling that :func:`tokenise` understands.
            unknown: what to do with a word that is not in the vocabulary: ``'drop'`` it
                with a warning, or ``'error'``.

        Raises:
            DataError: the caption holds no word, no known word, or, with ``'error'``, an
                unknown one.
        """
        if unknown not in ('drop', 'error'):
            raise ConfigError(f"unknown={unknown!r}: must be 'drop' or 'error'.")
        words = tokenise(text)
        if not words:
            raise DataError(f'caption {text!r}: holds no word. Write at least one.')
        known = [word for word in words if word in self._ids]
        if len(known) < len(words):
            self._report_unknown(text, words, dropped=known and unknown == 'drop')
        return self.ids(known)

    def _report_unknown(self, text: str, words: list[str], dropped: bool) -> None:
        strange = list(dict.fromkeys(word for word in words if word not in self._ids))
        named = ', '.join(self._with_suggestion(word) for word in strange)
        if dropped:
            print_log(f'caption {text!r}: not in the vocabulary of {len(self)} words and left out: '
                      f'{named}', 'current', logging.WARNING)
            return
        raise DataError(f'caption {text!r}: not in the vocabulary of {len(self)} words: {named}. '
                        'Use words that the model was trained with.')

    def _with_suggestion(self, word: str) -> str:
        nearest = difflib.get_close_matches(word, self.words[1:], n=1)
        return f'{word!r} (nearest: {nearest[0]!r})' if nearest else repr(word)
