"""The model zoo: which weights there are for which config, read from the metafiles.

``model-index.yml`` at the root of the repository imports ``configs/<slug>/metafile.yml``, in
OpenMMLab's model-index format, which ``mim`` reads. Fields of our own (``Size``, ``SHA256``, ``License``,
``Sources``, ``Converter``, ``Next``, ``Note``; ``Protocol`` and ``Measured By`` of a result) stand beside the format's
own ones, where ``mim`` ignores them.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ..errors import ConfigError, WeightsError
from ..utils import nearest, require_file
from .convert import CONVERTERS
from .fetch import Expected
from .sources import SHIPPED, Source, kind_of
from .zoo_fields import Fields

REPOSITORY = Path(__file__).parents[2]
MODEL_INDEX = REPOSITORY / 'model-index.yml'
CHECKPOINTS = PurePosixPath('checkpoints')
INSIDE, INSIDE_WORDS = r'(?!/|~)(?!(.*/)?\.\.(/|$)).*\S', 'a relative path without ".."'
ADDRESS = rf'(https?://|file:)\S+|(?![a-z]+:){INSIDE}'
ADDRESS_WORDS = 'an address (http:, https:, file:) or a path in the repository'
NEXT = r'([^{}]|\{config\}|\{checkpoint\})+'

COLLECTION_KEYS = ('Name', 'Metadata', 'Paper', 'README', 'Code', 'Image', 'Note')
MODEL_KEYS = ('Name', 'In Collection', 'Config', 'Metadata', 'Results', 'Weights', 'Paper', 'README', 'Code', 'Image',
              'Size', 'SHA256', 'License', 'Sources', 'Converter', 'Next', 'Note')
METADATA_KEYS = ('Training Data', 'Training Resources', 'Iterations', 'Epochs', 'Batch Size', 'Architecture')
RESULT_KEYS = ('Task', 'Dataset', 'Metrics', 'Protocol', 'Measured By')
SOURCE_KEYS = ('URL', 'Save As', 'Size', 'SHA256', 'Members', 'Extract To', 'Note')


@dataclass(frozen=True)
class Collection:
    """A paper.

    Args:
        name: as its authors call it.
        paper: dict(Title, URL).
        readme: path in the repository.
        note: what a reader should know about the released files.
    """

    name: str
    paper: Mapping[str, str]
    readme: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Result:
    """Measured numbers.

    Args:
        task: e.g. ``Text to Image``.
        dataset: what was measured on.
        metrics: names and numbers.
        protocol: how, in a sentence.
        measured_by: who, e.g. ``the paper`` or ``genzoo``.
    """

    task: str
    dataset: str
    metrics: Mapping[str, float]
    protocol: str
    measured_by: str


@dataclass(frozen=True)
class Entry:
    """A config and what there is for it.

    Args:
        name: the config's, without ending.
        collection: name of the paper.
        config: path in the repository.
        data: what it is trained on.
        results: measured numbers.
        sources: files of its weights; empty if there are none.
        licence: of the weights.
        converter: key of ``CONVERTERS`` if the sources are released files, else None.
        next: command lines to go on with; ``{config}`` and ``{checkpoint}`` stand for the paths.
        note: what else to say.
    """

    name: str
    collection: str
    config: str
    data: str
    results: tuple[Result, ...] = ()
    sources: tuple[Source, ...] = ()
    licence: str | None = None
    converter: str | None = None
    next: tuple[str, ...] = ()
    note: str | None = None

    @property
    def checkpoint(self) -> str:
        """Where its genzoo checkpoint lies, from the root of the downloads."""
        return str(CHECKPOINTS / f'{self.name}.pth') if self.converter else self.sources[0].save_as


@dataclass(frozen=True)
class Zoo:
    """All entries.

    Args:
        root: the repository, which paths in the metafiles start from.
        metafiles: the files that were read.
        collections: the papers by name.
        entries: the configs, in the order of the metafiles.
    """

    root: Path
    metafiles: tuple[Path, ...] = ()
    collections: Mapping[str, Collection] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()

    def find(self, name: str) -> Entry:
        """The entry of that name.

        Raises:
            ConfigError: there is none; the nearest name is suggested.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        near = nearest(name, [entry.name for entry in self.entries])
        raise ConfigError(f'{name}: not in the model zoo. ' + (f'Nearest: {near}. ' if near else '') +
                          '`tools/download.py --list` shows all.')


def read_yaml(path: Path) -> Any:
    """The plain data of a YAML file.

    Raises:
        ConfigError: the file is missing or not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise ConfigError(f'{path}: cannot be read ({error.strerror}). The model zoo comes with the repository: '
                          'work in a checkout of it.') from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or a 32nd of a month
        mark = getattr(error, 'problem_mark', None)
        line = f', line {mark.line + 1}' if mark else ''
        reason = ' '.join(str(getattr(error, 'problem', None) or error).split())
        raise ConfigError(f'{path}{line}: not YAML ({reason}). Correct it there.') from error


def read_zoo(index: Path = MODEL_INDEX) -> Zoo:
    """Reads ``model-index.yml`` and the metafiles that it imports.

    Raises:
        ConfigError: a file is missing or broken, a key is unknown, missing or of another type, a name
            is there twice, or a config or a paper does not exist.
    """
    root = index.parent
    metafiles = tuple(root / name for name in Fields(read_yaml(index), str(index), ('Import',)).texts('Import'))
    collections: dict[str, Collection] = {}
    entries: dict[str, Entry] = {}
    for metafile in metafiles:
        fields = Fields(read_yaml(metafile), str(metafile), ('Collections', 'Models'))
        for item in fields.items('Collections', COLLECTION_KEYS):
            _add(collections, _collection(item), item)
        for item in fields.items('Models', MODEL_KEYS):
            _add(entries, _entry(item, root, collections), item)
    return Zoo(root, metafiles, collections, tuple(entries.values()))


def _add(known: dict, item: Collection | Entry, fields: Fields) -> None:
    if item.name in known:
        raise fields.error('Name', f'{item.name} is there twice')
    known[item.name] = item


def _collection(fields: Fields) -> Collection:
    paper = fields.inner('Paper', ('Title', 'URL'))
    return Collection(fields.text('Name'), {key: paper.text(key) for key in ('Title', 'URL')},
                      fields.optional_text('README'), fields.optional_text('Note'))


def _entry(fields: Fields, root: Path, collections: Mapping[str, Collection]) -> Entry:
    collection, config = fields.text('In Collection'), fields.text('Config', INSIDE, INSIDE_WORDS)
    if collection not in collections:
        raise fields.error('In Collection', f'names {collection}, which is no collection. '
                           f'Nearest: {nearest(collection, collections)}')
    if not (root / config).is_file():
        raise fields.error('Config', f'{config} does not exist')
    converter = fields.optional_text('Converter')
    if converter is not None and converter not in CONVERTERS:
        raise fields.error('Converter', f'is {converter!r}; known: {", ".join(CONVERTERS)}')
    name = fields.text('Name', r'\w[\w.-]*', 'letters, digits, and "._-"')
    sources = _sources(fields, name)
    if len(sources) > 1 and converter is None:
        raise fields.error('Converter', 'is missing: several sources have to be put together')
    return Entry(
        name, collection, config, data=', '.join(fields.inner('Metadata', METADATA_KEYS).texts('Training Data')),
        results=tuple(map(_result, fields.items('Results', RESULT_KEYS))), sources=sources,
        licence=fields.text('License') if sources else None, converter=converter,
        next=fields.texts('Next', NEXT, 'a command whose only fields are {config} and {checkpoint}'),
        note=fields.optional_text('Note'))


def _result(fields: Fields) -> Result:
    return Result(fields.text('Task'), fields.text('Dataset'), fields.numbers('Metrics'), fields.text('Protocol'),
                  fields.text('Measured By'))


def _sources(fields: Fields, name: str) -> tuple[Source, ...]:
    """All sources of a model: those that it lists, or its weights alone."""
    weights = fields.optional_text('Weights', ADDRESS, ADDRESS_WORDS)
    listed = tuple(map(_source, fields.items('Sources', SOURCE_KEYS)))
    if listed and weights not in [source.url for source in listed]:
        raise fields.error('Weights', 'should be the URL of one of the Sources')
    if listed or weights is None:
        return listed
    shipped = kind_of(weights) == SHIPPED
    return (Source(weights, weights if shipped else str(CHECKPOINTS / f'{name}.pth'), _expected(fields, shipped)),)


def _source(fields: Fields) -> Source:
    members = fields.texts('Members', r'\w[\w.-]*', 'a file name without folders')
    return Source(fields.text('URL', ADDRESS, ADDRESS_WORDS), fields.text('Save As', INSIDE, INSIDE_WORDS),
                  _expected(fields, False), members,
                  fields.text('Extract To', INSIDE, INSIDE_WORDS) if members else None, fields.optional_text('Note'))


def _expected(fields: Fields, required: bool) -> Expected:
    expected = Expected(fields.optional_text('SHA256', '[0-9a-f]{64}', '64 hexadecimal digits in quotes'),
                        fields.optional_count('Size'))
    if required and None in (expected.sha256, expected.size):
        raise fields.error('SHA256 and Size', 'are needed for weights in the repository')
    return expected


def check_zoo(zoo: Zoo) -> None:
    """Compares the zoo with the repository.

    Raises:
        ConfigError: a config has no row, or a README is missing.
        WeightsError: a shipped file is missing or differs from its SHA-256 or size.
    """
    configs = {zoo.root / entry.config for entry in zoo.entries}
    for metafile in zoo.metafiles:
        for path in sorted(metafile.parent.glob('*.py')):
            if path not in configs:
                raise ConfigError(f'{path}: has no row in {metafile}. Add one under Models.')
    for collection in zoo.collections.values():
        if collection.readme:
            require_file(zoo.root / collection.readme, f'the README of {collection.name}', 'Correct the metafile.',
                         ConfigError)
    for source in [source for entry in zoo.entries for source in entry.sources if source.kind == SHIPPED]:
        path = require_file(zoo.root / source.url, 'a shipped file of weights', 'Restore it.', WeightsError)
        problems = [Expected(source.expected.sha256).problem(path), Expected(size=source.expected.size).problem(path)]
        for problem in filter(None, problems):
            raise WeightsError(f'{path}: differs from the model zoo: {problem}. Restore it or correct the metafile.')
