"""Which arguments a registered component takes, and which components there are."""
import ast
import inspect
import textwrap
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.registry import Registry
from mmengine.runner import BaseLoop
from torch import nn

from .. import registry as registries

NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
CLOSED = (object, nn.Module)  # take no further keywords

# What mmengine reads from a component's config before it builds the component.
READ_BY_MMENGINE = (
    (Hook, {'priority'}), (BaseLoop, {'by_epoch'}), (_ParamScheduler, {'convert_to_iter_based'}),
    (OptimWrapper, {'constructor', 'paramwise_cfg', 'modules'}),
)


def components() -> Mapping[str, list[Any]]:
    """Everything that a config may name, genzoo's and mmengine's; imports all of genzoo."""
    found: dict[str, list[Any]] = defaultdict(list)
    for registry in vars(registries).values():
        if isinstance(registry, Registry) and registry.scope == 'genzoo':
            for source in (registry, registry.parent):
                source.import_from_location()
                for name, component in source.module_dict.items():
                    found[name].append(component)
    return found


def _hands_keywords_on(init: Callable, keywords: str) -> bool:
    """Whether a constructor gives its ``**keywords`` to the constructor of a base class."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return False
    return any(isinstance(call, ast.Call) and getattr(call.func, 'attr', '') == '__init__'
               and any(word.arg is None and getattr(word.value, 'id', '') == keywords
                       for word in call.keywords)
               for call in ast.walk(tree))


def _own_arguments(function: Callable) -> tuple[set[str], str | None]:
    """Named parameters of a function, and the name of its ``**keywords`` if it has them."""
    parameters = inspect.signature(function).parameters.values()
    keywords = [each.name for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD]
    return {each.name for each in parameters if each.kind in NAMED}, keywords[0] if keywords else None


def _constructor_arguments(component: type) -> set[str] | None:
    names: set[str] = set()
    for owner in component.__mro__:
        if owner in CLOSED:
            return names
        init = owner.__dict__.get('__init__')
        if init is None:
            continue
        own, keywords = _own_arguments(init)
        names |= own - {'self'}
        if keywords is None:
            return names
        if not _hands_keywords_on(init, keywords):
            return None
    return names


def arguments(component: Any) -> set[str] | None:
    """Names of the arguments that a config may give to ``component``.

    Follows ``**kwargs`` to the base classes that they are handed on to.

    Returns:
        The names, or None if it takes any, or cannot say.
    """
    try:
        if not inspect.isclass(component):
            names, keywords = _own_arguments(component)
            return None if keywords else names
        names = _constructor_arguments(component)
    except (TypeError, ValueError):  # implemented in C
        return None
    if names is not None:
        for base, extra in READ_BY_MMENGINE:
            names |= extra if issubclass(component, base) else set()
    return names
