"""Numbers that settings must be."""
from typing import Any

from ..errors import ConfigError


def require_whole(value: Any, name: str, least: int = 1) -> None:
    """
    Args:
        value: of a setting.
        name: of it, as the message should say.
        least: that it may be.

    Raises:
        ConfigError: it is no whole number, or less.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f'{name}={value!r}: must be a whole number, {least} or more')


def require_positive(value: Any, name: str) -> None:
    """
    Args:
        value: of a setting.
        name: of it, as the message should say.

    Raises:
        ConfigError: it is no finite number above 0.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float('inf'):
        raise ConfigError(f'{name}={value!r}: must be a number above 0')
