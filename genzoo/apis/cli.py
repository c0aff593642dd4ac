"""What all command line tools share."""
import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from mmengine.config import DictAction
from tqdm import tqdm

from ..errors import GenzooError
from .failures import exchange_trouble, own_rank, record_failure

TRACEBACK_VARIABLE = 'GENZOO_TRACEBACK'
INTERRUPTED = 130  # what a shell reports for Ctrl-C
_ERROR_NAME = re.compile(r'^[\w.]*\w+Error: ')
_REGISTRY_PREFIX = re.compile(r'^(class `\w+` in [\w./\\-]+\.py: )+')  # of some versions of mmengine


def one_line(error: BaseException) -> str:
    """What an error says, in one line, without what loaders and registries put around it.

    A data loading worker's error arrives as the text of its traceback, whose last lines are
    the error itself; mmengine's registries name the class that was being built.
    """
    text = str(error).strip()
    if 'Traceback (most recent call last)' in text:
        text = _ERROR_NAME.sub('', text.splitlines()[-1].strip())
    return _REGISTRY_PREFIX.sub('', ' '.join(text.split()))


class CfgOptions(DictAction):
    """``--cfg-options KEY=VALUE ...``; mmengine's, with a word about what is no such pair."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: list[str],
                 option_string: str | None = None) -> None:
        """Reads the pairs.

        Raises:
            SystemExit: one has no ``=``, or brackets that do not match.
        """
        for value in values:
            if '=' not in value:
                parser.error(f'{option_string}: {value!r} is not KEY=VALUE')
            try:
                self._parse_iterable(value.partition('=')[2])
            except (AssertionError, IndexError) as error:
                parser.error(f'{option_string}: {value!r}: {error or "not a value"}')
            except RecursionError:  # mmengine's, of what is neither a word nor a list
                parser.error(f'{option_string}: {value!r}: values are numbers, words, lists and tuples. Set the '
                             'entries of a dict one by one, KEY.ENTRY=VALUE, or write a config')
        super().__call__(parser, namespace, values, option_string)


@contextmanager
def progress_bars(unit: str) -> Iterator[Callable[[Iterable], Iterable]]:
    """Yields a function that shows a bar of an iteration; ends all bars with the block, before what an error says.

    Args:
        unit: what is counted, e.g. ``'image'``.
    """
    with ExitStack() as bars:
        yield lambda items: bars.enter_context(tqdm(items, unit=unit))


def _users_error(error: Exception) -> str | None:
    """One line about what the user, the system or another process is to blame for; None: a bug."""
    if isinstance(error, GenzooError):
        return one_line(error)
    if isinstance(error, OSError) and error.strerror is not None:  # a full disk, a folder that may not be written
        place = f'{error.filename}: ' if error.filename else ''
        return f'{place}{error.strerror}. Check the path, its permissions and the free space.'
    trouble = exchange_trouble(error)
    return trouble and trouble[1]


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the program with ``error: <one line>`` if what the user gave is wrong.

    A context manager and a decorator. Only a :class:`~genzoo.errors.GenzooError`, what the
    operating system refuses, and the loss of another process of a run are shortened; anything
    else is a bug and keeps its traceback. GENZOO_TRACEBACK=1 in the environment keeps all.

    Raises:
        SystemExit: with status 1; 130 after Ctrl-C.
    """
    try:
        yield
    except Exception as error:
        line = _users_error(error)
        record_failure(line or f'{type(error).__name__}: {one_line(error)}. Its traceback stands above.',
                       (exchange_trouble(error) or ('cause',))[0])
        if line is None or os.environ.get(TRACEBACK_VARIABLE, '0') not in ('', '0'):
            raise
        sys.stderr.write(f'error: {_of_rank()}{line}\n')
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write('interrupted\n')
        sys.exit(INTERRUPTED)


def _of_rank() -> str:
    return '' if own_rank() is None else f'rank {own_rank()}: '
