"""Modules that a config names in ``custom_imports``, and what is said of those that fail."""
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mmengine
from mmengine.utils import import_modules_from_strings

from ..errors import ConfigError

OURS = str(Path(__file__).parent)
LIBRARIES = (str(Path(mmengine.__file__).parent), OURS, '<frozen ')


def _where(error: BaseException) -> str:
    """File and line of what the user has written that an error comes from, if it can be told."""
    if isinstance(error, SyntaxError):
        place = error.filename or '<'
        return f'line {error.lineno}: ' if place.startswith('<') else f'{Path(place).name}, line {error.lineno}: '
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if not frame.filename.startswith(LIBRARIES) and Path(frame.filename).parent.name != 'importlib']
    return f'{Path(frames[-1].filename).name}, line {frames[-1].lineno}: ' if frames else ''


def told_of(error: BaseException) -> str:
    """Place, type and first line of an error in a file that the user has written."""
    reason = str(error.msg if isinstance(error, SyntaxError) else error).split('\n')[0]
    return f'{_where(error)}{type(error).__name__}: {reason}'


def import_custom(custom: Any, source: str) -> None:
    """Imports what a config wants to be imported.

    Args:
        custom: its ``custom_imports``, e.g. ``dict(imports=['my_package'])``.
        source: the config, for messages.

    Raises:
        ConfigError: a module is not found, or fails.
    """
    if not isinstance(custom, Mapping) or not custom.get('imports'):
        raise ConfigError(f"{source}: custom_imports={custom!r}: must be dict(imports=['my_package']).")
    settings = dict(custom)
    modules = settings.pop('imports')
    for module in modules if isinstance(modules, (list, tuple)) else [modules]:
        try:
            import_modules_from_strings([module], **settings)
        except Exception as error:  # a module is a program: anything can come out of it
            raise ConfigError(f'{source}: custom_imports: {_problem(module, error)}') from error


def _problem(module: Any, error: Exception) -> str:
    own = error.__context__ if isinstance(error, ImportError) and error.__context__ else error  # mmengine hides it
    if isinstance(own, ModuleNotFoundError) and own.name and f'{module}.'.startswith(f'{own.name}.'):
        return (f'there is no module {module}. Install its package with pip, or put the folder that holds it into '
                'PYTHONPATH.')
    return f'{module} fails when it is imported: {told_of(own)}'
