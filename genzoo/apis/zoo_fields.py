"""Typed reading of a map from a YAML file, with the place in every complaint."""
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import ConfigError
from ..utils import nearest


class Fields:
    """The values of a map by key.

    Args:
        raw: what the file holds there.
        place: file and position, for messages.
        allowed: the keys that it may have.

    Raises:
        ConfigError: no map, or a key is unknown; the nearest one is suggested.
    """

    def __init__(self, raw: Any, place: str, allowed: Sequence[str]) -> None:
        if not isinstance(raw, dict):
            raise ConfigError(f'{place}: should be a map with {", ".join(allowed)}.')
        for key in raw:
            if key not in allowed:
                raise ConfigError(f'{place}: unknown key {key!r}. Nearest: {nearest(str(key), allowed)}.')
        self._raw, self.place = raw, place

    def error(self, key: str, what: str) -> ConfigError:
        """An error that names the place of a key."""
        return ConfigError(f'{self.place}: {key} {what}.')

    def __contains__(self, key: str) -> bool:
        return self._raw.get(key) is not None

    def text(self, key: str, pattern: str = r'(?s).*\S.*', what: str = 'some text') -> str:
        """A string.

        Args:
            key: its key.
            pattern: a regular expression that it has to match as a whole.
            what: what that means, for the message.

        Raises:
            ConfigError: missing, no string, or not as the pattern says.
        """
        value = self._raw.get(key)
        if value is None:
            raise self.error(key, 'is missing')
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.error(key, f'is {_short(value)}, but should be {what}')
        return value.strip()

    def optional_text(self, key: str, *args: str) -> str | None:
        """As :meth:`text`; None if the key is missing."""
        return self.text(key, *args) if key in self else None

    def texts(self, key: str, *args: str) -> tuple[str, ...]:
        """A string or a list of them; empty if the key is missing.

        Raises:
            ConfigError: as :meth:`text`, for one of them.
        """
        value = self._raw.get(key, [])
        values = value if isinstance(value, list) else [value]
        place = f'{self.place}, {key}'
        return tuple(Fields({f'{i}': item}, place, [f'{i}']).text(f'{i}', *args) for i, item in enumerate(values, 1))

    def optional_count(self, key: str) -> int | None:
        """A positive whole number; None if the key is missing.

        Raises:
            ConfigError: something else.
        """
        value = self._raw.get(key)
        if value is not None and (type(value) is not int or value <= 0):
            raise self.error(key, f'is {_short(value)}, but should be a positive whole number')
        return value

    def numbers(self, key: str) -> dict[str, float]:
        """A map of names to numbers.

        Raises:
            ConfigError: missing, or something else.
        """
        value = self._raw.get(key)
        if not isinstance(value, dict) or not value or not all(isinstance(name, str) for name in value):
            raise self.error(key, 'should be a map of names to numbers')
        for name, number in value.items():
            if type(number) not in (int, float):
                raise self.error(key, f'{name} is {_short(number)}, but should be a number')
        return dict(value)

    def inner(self, key: str, allowed: Sequence[str]) -> 'Fields':
        """A map inside this one; empty if the key is missing."""
        return Fields(self._raw.get(key, {}), f'{self.place}, {key}', allowed)

    def items(self, key: str, allowed: Sequence[str]) -> Iterator['Fields']:
        """The maps of a list; none if the key is missing.

        Raises:
            ConfigError: no list, or one of them is no map or has an unknown key.
        """
        value = self._raw.get(key) or []
        if not isinstance(value, list):
            raise self.error(key, f'is {_short(value)}, but should be a list')
        for i, item in enumerate(value, 1):
            name = item.get('Name') if isinstance(item, dict) else None
            label = f' ({name})' if isinstance(name, str) else ''
            yield Fields(item, f'{self.place}, {key} {i}{label}', allowed)


def _short(value: Any) -> str:
    text = f'{type(value).__name__}' if isinstance(value, (dict, list)) else repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
