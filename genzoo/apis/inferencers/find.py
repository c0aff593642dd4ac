"""Which inferencers there are: genzoo's own and those of installed packages."""
import logging
from importlib.metadata import EntryPoint, entry_points

from mmengine.logging import print_log

from ...registry import INFERENCERS

GROUP = 'genzoo.inferencers'
"""Of entry points: a package names its inferencers there, ``slug = "module:Class"``."""


def _load(entry: EntryPoint) -> None:
    try:
        entry.load()
    except Exception as error:  # another package's code raises anything; ours still works
        reason = str(error).split('\n')[0]
        print_log(f'inferencer "{entry.name}" of another package ({entry.value}) is left out: '
                  f'{type(error).__name__}: {reason}', 'current', logging.WARNING)


def find_inferencers() -> dict[str, type]:
    """The registered inferencers by their slugs.

    Packages that list inferencers under the entry point group ``genzoo.inferencers`` are imported,
    which registers them. One that cannot be imported is left out, with a warning.
    """
    INFERENCERS.import_from_location()
    for entry in entry_points(group=GROUP):
        _load(entry)
    return {inferencer.slug: inferencer for inferencer in INFERENCERS.module_dict.values()}
