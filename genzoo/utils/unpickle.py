"""Reading pickles of data sets without executing what they say."""
import pickle
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..errors import DataError

# What NumPy writes for scalars and arrays, in both spellings of its private package; with
# protocol 2, Python 3 spells their bytes as encoded text.
NUMPY_GLOBALS = frozenset({
    ('_codecs', 'encode'), ('numpy', 'dtype'), ('numpy', 'ndarray'),
    ('numpy.core.multiarray', 'scalar'), ('numpy._core.multiarray', 'scalar'),
    ('numpy.core.multiarray', '_reconstruct'), ('numpy._core.multiarray', '_reconstruct'),
    ('numpy.core.numeric', '_frombuffer'), ('numpy._core.numeric', '_frombuffer'),  # pickle protocol 5
})


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, file, allowed: Collection[tuple[str, str]], **args) -> None:
        super().__init__(file, **args)
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._allowed:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f'it asks for {module}.{name}')


def restricted_load(path: str | Path, allowed: Collection[tuple[str, str]] = NUMPY_GLOBALS,
                    encoding: str = 'latin1') -> Any:
    """Unpickles lists, dicts, strings, numbers and what ``allowed`` names; nothing else.

    Args:
        path: the pickle.
        allowed: pairs of module and name that the pickle may ask for.
        encoding: of strings that Python 2 wrote.

    Raises:
        DataError: the file is truncated, not a pickle, or asks for something else.
    """
    path = Path(path)
    try:
        with open(path, 'rb') as file:
            return _RestrictedUnpickler(file, allowed, encoding=encoding).load()
    except OSError as error:
        raise DataError(f'{path}: cannot be read ({error.strerror}).') from error
    except Exception as error:  # a broken pickle raises nearly anything
        reason = ' '.join(str(error).split())
        raise DataError(f'{path}: not a pickle of plain data ({reason}). '
                        'It is refused, not executed; fetch or build the file again.') from error
