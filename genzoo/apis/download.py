"""Weights of the model zoo as genzoo checkpoints: fetched, converted, verified."""
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError, GenzooError, WeightsError
from .convert import CONVERTERS
from .fetch import PATIENT, Patience
from .model import init_model
from .sources import BY_HAND, SHIPPED, Source, obtain
from .zoo import Entry, Zoo

Say = Callable[[str], object]


@dataclass(frozen=True)
class Plan:
    """How to download.

    Args:
        root: folder that downloads go below; configs expect the one in which they are run.
        overwrite: fetches and converts again what is there.
        progress: shows bars, on a terminal only.
        patience: how long to try.
    """

    root: Path = Path('.')
    overwrite: bool = False
    progress: bool = True
    patience: Patience = PATIENT


def download(zoo: Zoo, name: str, plan: Plan, say: Say) -> bool:
    """Provides the checkpoint of an entry.

    Files that have no direct link come first: while one is missing, nothing is fetched, and what is
    said tells what to fetch by hand and where to put it.

    Args:
        zoo: the entries.
        name: one of them.
        plan: where to, and how.
        say: gets what was done, line by line, then the commands to go on with.

    Returns:
        Whether the checkpoint is there; False if something is left to fetch by hand.

    Raises:
        ConfigError: the name is unknown, there are no weights, or another file is in the way.
        WeightsError: something cannot be had, or is not what it should be.
    """
    entry = zoo.find(name)
    if not entry.sources:
        note = f'{entry.note.rstrip(".")}. ' if entry.note else ''
        raise ConfigError(f'{name}: has no weights. {note}To train it: python tools/train.py {_config(zoo, entry)}')
    target = plan.root / entry.checkpoint
    if entry.converter and target.exists() and not plan.overwrite:
        _require_fit(zoo, entry, target, '--overwrite fetches and converts it again.')
        say(f'{target}: there already, so nothing was fetched; it fits {entry.config}')
    else:
        left = [source for source in entry.sources if source.kind == BY_HAND and not source.files(plan.root)]
        if left:
            _explain(left, plan.root, say)
            return False
        _provide(zoo, entry, plan, say)
    _say_what_next(zoo, entry, target, say)
    return True


def _explain(left: list[Source], root: Path, say: Say) -> None:
    for source in left:
        place = root / source.save_as
        say(f'To fetch by hand, since it has no direct link: {source.url}')
        say(f'  Open it in a browser and put {place.name} into {place.parent}{os.sep}')
        if source.note:
            say(f'  {source.note}')
    say('Then give the same command again: it fetches what else is needed and puts it together.')


def _provide(zoo: Zoo, entry: Entry, plan: Plan, say: Say) -> None:
    for source in entry.sources:
        if source.kind == BY_HAND:
            say(_by_hand(source, plan.root))
        else:
            say(obtain(source, plan.root, zoo.root, plan.overwrite, plan.progress, plan.patience))
    target = plan.root / entry.checkpoint
    if entry.converter:
        _convert(zoo, entry, plan.root, target, say)
    elif entry.sources[0].kind != SHIPPED:
        _require_fit(zoo, entry, target, '--overwrite fetches it again.')


def _by_hand(source: Source, root: Path) -> str:
    """What the one file is that was fetched by hand."""
    found = source.files(root)
    if len(found) > 1:
        raise ConfigError(f'{root / source.save_as}: {len(found)} files are there '
                          f'({", ".join(path.name for path in found[:3])}). Leave the one that is wanted.')
    problem = source.expected.problem(found[0])
    if problem is not None:
        raise WeightsError(f'{found[0]}: not the file that was expected: {problem}. Fetch it again.')
    return f'{found[0]}: fetched by hand'


def _convert(zoo: Zoo, entry: Entry, root: Path, target: Path, say: Say) -> None:
    """Puts released files into one checkpoint, which gets its name only when it fits its config."""
    inputs = [path for source in entry.sources for path in source.files(root)]
    fresh = target.with_name(f'{target.name}.converted')
    try:
        for line in CONVERTERS[entry.converter][0](inputs, fresh, True):
            say(line)
        _require_fit(zoo, entry, fresh, 'The released files are those of another config.')
        os.replace(fresh, target)
    finally:
        fresh.unlink(missing_ok=True)
    say(f'{target}: converted; it fits {entry.config}')


def _require_fit(zoo: Zoo, entry: Entry, checkpoint: Path, remedy: str) -> None:
    try:
        init_model(zoo.root / entry.config, checkpoint, 'cpu')
    except GenzooError as error:
        raise type(error)(f'{error} It should fit {entry.config}. {remedy}') from error


def _say_what_next(zoo: Zoo, entry: Entry, target: Path, say: Say) -> None:
    say(f'licence: {entry.licence}')
    for line in entry.next:
        say('next: ' + line.format(config=_config(zoo, entry), checkpoint=shlex.quote(str(target))))


def _config(zoo: Zoo, entry: Entry) -> str:
    """The path of a config as seen from the working directory."""
    return shlex.quote(os.path.relpath(zoo.root / entry.config))


def listing(zoo: Zoo) -> Iterator[str]:
    """A line an entry: its name, how its weights come, and their licence."""
    width = max((len(entry.name) for entry in zoo.entries), default=0)
    for entry in zoo.entries:
        kinds = ', '.join(dict.fromkeys(source.kind for source in entry.sources))
        yield f'{entry.name:{width}}  {f"{kinds}; {entry.licence}" if kinds else "no weights"}'
