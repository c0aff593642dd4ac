"""Reading a config and finding what is wrong with it before anything is built."""
import inspect
import numbers
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, TestLoop, ValLoop
from mmengine.utils.dl_utils import set_multi_processing
from torch.utils.data import DataLoader

from ..engine import require_one_batch_size
from ..errors import ConfigError
from ..utils import nearest, require_file, require_whole
from .custom_imports import import_custom, told_of
from .signatures import arguments, components

OUR_SCOPES = ('genzoo', 'mmengine')
# Their `type` is no registered name, or their builder takes keys of its own.
UNCHECKED = ('clip_grad', 'custom_imports', 'metainfo')
LAYERS = ('norm_cfg', 'conv_cfg', 'act_cfg')  # of mmcv, whose builders pass any other key on
READ_BY_RUNNER = {
    'runner_type', 'custom_imports', 'model_wrapper_cfg', 'sync_bn', 'find_unused_parameters', 'compile',
    'activation_checkpointing', 'efficient_conv_bn_eval', 'strategy'
}
CONFIG_ENDINGS = ('.py', '.json', '.yaml', '.yml')
COUNTS = ('train_cfg.max_iters', 'train_cfg.max_epochs', 'train_cfg.val_interval',
          *(f'{split}_dataloader.{size}' for split in ('train', 'val', 'test')
            for size in ('batch_size', 'global_batch_size', 'max_batches')))
DEFAULT_HOOKS = {'runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint'}
LOADER_PARTS = {'global_batch_size', 'dataset', 'sampler', 'batch_sampler', 'worker_init_fn', 'collate_fn',
                'disable_subprocess_warning'}
_ABSENT = re.compile(r'file "(.*)" does not exist')  # as mmengine says it


def _runner_keys() -> set[str]:
    return arguments(Runner) | READ_BY_RUNNER


def _keys_without_type(path: str) -> set[str] | None:
    """Keys of the dicts whose place in the config says what they are; None: any."""
    loader = arguments(DataLoader) | LOADER_PARTS
    limited = loader | {'max_batches'}
    evaluation = arguments(ValLoop) | arguments(TestLoop)
    known = {
        'train_dataloader': loader, 'val_dataloader': limited, 'test_dataloader': limited,
        'train_cfg': arguments(EpochBasedTrainLoop) | arguments(IterBasedTrainLoop),
        'val_cfg': evaluation, 'test_cfg': evaluation,
        'optim_wrapper': arguments(OptimWrapper),
        'randomness': arguments(Runner.set_randomness) - {'self'},
        'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
        'env_cfg.mp_cfg': set(inspect.signature(set_multi_processing).parameters) - {'distributed'},
    }
    return known.get(path)


class _Checker:
    """Compares the dicts of one config with what they are to become."""

    def __init__(self, cfg: Mapping, source: str, flag: str = '--cfg-options') -> None:
        self.source, self.flag = source, flag
        self.scope = cfg.get('default_scope') or 'mmengine'
        self.components = components()

    def fail(self, path: str, problem: str, name: str, valid) -> None:
        place = f'{path}: ' if path else ''
        hint = f'; nearest: "{nearest(name, valid)}"' if valid else ''
        raise ConfigError(f'{self.source}: {place}{problem} "{name}"{hint}')

    def candidates(self, path: str, cfg: Mapping) -> list | None:
        """The components that ``cfg['type']`` may mean; None if they are not ours to judge."""
        if not isinstance(cfg['type'], str):
            return [cfg['type']] if callable(cfg['type']) else None
        scope, _, name = cfg['type'].rpartition('.')
        if (cfg.get('_scope_') or scope or self.scope) not in OUR_SCOPES:
            return None
        if name not in self.components:
            self.fail(path, 'there is no type', name, self.components)
        return self.components[name]

    def keys(self, path: str, cfg: Mapping) -> tuple[str, set[str] | None]:
        """Who reads ``cfg``, and which keys it takes; None: any."""
        if 'constructor' in cfg and 'optimizer' not in cfg:
            return 'no such entry', None  # one entry a network, checked when they are known
        if 'type' not in cfg:
            entry = path.startswith('optim_wrapper.') and 'optimizer' in cfg
            keys = arguments(OptimWrapper) if entry else _keys_without_type(path)
            return 'no such key', keys
        allowed = [arguments(each) for each in self.candidates(path, cfg) or [None]]
        label = f'{str(cfg["type"])} has no argument'
        if None in allowed:
            return label, None
        given = set(cfg) - {'type', '_scope_'}
        return label, next((keys for keys in allowed if given <= keys), allowed[0])

    def check(self, value: Any, path: str = '') -> None:
        """Raises ConfigError at the first wrong key or type in ``value``."""
        if isinstance(value, Mapping):
            self.check_place(path, value)
            label, keys = self.keys(path, value) if path else ('', None)
            for key, item in value.items():
                if keys is not None and key not in keys | {'type', '_scope_'}:
                    self.fail(path, label, key, keys)
                if key in LAYERS:
                    self.check_layer(f'{path}.{key}', item)
                elif key not in UNCHECKED:
                    self.check(item, f'{path}.{key}' if path else key)
        elif isinstance(value, (list, tuple)):
            for number, item in enumerate(value):
                self.check(item, f'{path}[{number}]')

    def check_place(self, path: str, value: Mapping) -> None:
        """Raises ConfigError for what is wrong in this place of a config alone."""
        if path.endswith('_dataloader'):
            require_one_batch_size(value, f'{self.source}: {path}')
        if path == 'default_hooks':
            for name, hook in value.items():
                if name not in DEFAULT_HOOKS and isinstance(hook, Mapping) and 'type' not in hook:
                    self.fail(path, 'no type, and no such hook:', name, DEFAULT_HOOKS)
        if path == 'model' and isinstance(value.get('ema'), Mapping):
            networks = [key for key, item in value.items() if isinstance(item, Mapping) and 'type' in item]
            for name in value['ema']:
                if name not in networks:
                    self.fail('model.ema', 'the model has no network', name, networks)

    def check_layer(self, path: str, layer: Any) -> None:
        """Raises ConfigError if the config of a layer does not say which."""
        if isinstance(layer, Mapping) and 'type' not in layer:
            raise ConfigError(f'{self.source}: {path}: has no type, only {", ".join(layer) or "nothing"}.')

    def check_top_level(self, cfg: Mapping) -> None:
        """Raises ConfigError if a key is nearly one that the Runner reads; others are variables."""
        known = _runner_keys()
        for key in cfg:
            if key not in known and get_close_matches(key, known, n=1, cutoff=0.75):
                self.fail('', 'no such key', key, known)

    def check_option(self, cfg: Mapping, option: str, new: Any) -> None:
        """Raises ConfigError if ``option``, as ``a.b.0.c``, names no place in ``cfg``, or ``new`` does not fit it."""
        node, path = cfg, ''
        first = option.partition('.')[0]
        if first in cfg and first not in _runner_keys():
            raise ConfigError(f'{self.flag} {option}: {first} is a variable of the config file, whose value was put '
                              'into other places when the file was read. Set those, or change a copy of the file.')
        for word in option.split('.'):
            if isinstance(node, (list, tuple)):
                if not word.isdigit() or int(word) >= len(node):
                    raise ConfigError(f'{self.flag} {option}: {path} is a list of {len(node)}, "{word}" is '
                                      'no index of it.')
                node, path = node[int(word)], f'{path}[{word}]'
                continue
            if not isinstance(node, Mapping):
                raise ConfigError(f'{self.flag} {option}: {path} is {node!r}, it has no "{word}".')
            if word not in node:
                self._check_new_key(node, path, word, option)
                return
            node, path = node[word], f'{path}.{word}' if path else word
        self._check_kind(option, node, new)

    def _check_kind(self, option: str, old: Any, new: Any) -> None:
        """Raises ConfigError if a number, or a part with keys, is to become something else."""
        if new is None or old is None:
            return
        if isinstance(old, numbers.Real) and not isinstance(new, numbers.Real):
            raise ConfigError(f'{self.flag} {option}={new}: must be a number, such as the {old!r} of the config.')
        if isinstance(old, Mapping) and not isinstance(new, Mapping):
            raise ConfigError(f'{self.flag} {option}={new}: is a part with the keys {", ".join(map(str, old))}; '
                              f'set one of them, e.g. {option}.{next(iter(old), "key")}=..., or None.')

    def _check_new_key(self, node: Mapping, path: str, word: str, option: str) -> None:
        label, keys = self.keys(path, node) if path else ('no such key', _runner_keys() | set(node))
        if path == 'default_hooks':
            keys = DEFAULT_HOOKS | set(node)
        if keys is None and 'type' not in node:
            keys = set(node)
        if keys is not None and word not in keys:
            self.source = f'{self.flag} {option}'
            self.fail(path, label, word, keys)


def _reading_problem(error: Exception, path: Path) -> str:
    """Why a config cannot be read, and what to do about it."""
    told = told_of(error)
    if isinstance(error, OSError) and told.startswith(type(error).__name__):  # not of a line of the config
        absent = _ABSENT.fullmatch(str(error))
        if absent is not None or isinstance(error, FileNotFoundError):
            missing = os.path.normpath(absent[1] if absent else error.filename)
            return f'{missing}, which it is based on, is missing. Correct _base_; paths there start from its file.'
        place = '' if error.filename in (None, str(path)) else f'{error.filename}, which it is based on: '
        return f'{place}cannot be read ({error.strerror or error}). Check its permissions.'
    return told


def load_config(path: str | Path, cfg_options: Mapping[str, Any] | None = None,
                flag: str = '--cfg-options') -> Config:
    """Reads a config, changes single values of it, and checks the result.

    Args:
        path: a ``.py`` file (or ``.json``, ``.yaml``).
        cfg_options: new values by their place, e.g. ``{'test_dataloader.batch_size': 8}``.
        flag: what the user calls them, for messages.

    Raises:
        ConfigError: the file, one that it is based on, or a module of its ``custom_imports`` is missing or broken; an
            option or a key names nothing that exists.
    """
    path = require_file(path, 'the config', 'Shipped ones are in configs/.', ConfigError)
    if path.suffix not in CONFIG_ENDINGS:
        raise ConfigError(f'{path}: not a config ({", ".join(CONFIG_ENDINGS)}). Shipped ones are in configs/.')
    try:
        cfg = Config.fromfile(path, import_custom_modules=False)
    except Exception as error:  # a config is a program: anything can come out of it
        raise ConfigError(f'{path}: {_reading_problem(error, path)}') from error
    if cfg.get('custom_imports'):
        import_custom(cfg.custom_imports, str(path))
    if cfg_options:
        checker = _Checker(cfg, str(path), flag)
        for option, value in cfg_options.items():
            checker.check_option(cfg.to_dict(), option, value)
        try:
            cfg.merge_from_dict(dict(cfg_options))
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f'{flag}: {error}') from error
    check_config(cfg)
    return cfg


def check_config(cfg: Config) -> None:
    """Compares every key of a config with what is to be built from it; builds nothing.

    Components of other packages (``mmagic.X``) are not judged, nor are those that take any
    keyword.

    Raises:
        ConfigError: a type or key does not exist; names its place and the nearest valid name.
    """
    checker = _Checker(cfg, str(cfg.filename or 'config'))
    content = cfg.to_dict()
    checker.check_top_level(content)
    checker.check(content)
    _check_counts(content, checker.source)


def _check_counts(content: Mapping, source: str) -> None:
    """Iterations, intervals and sizes are whole and positive."""
    for path in COUNTS:
        value: Any = content
        for key in path.split('.'):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None:
            require_whole(value, f'{source}: {path}')
