"""genzoo: eight CVPR 2022 papers on generation, as plugins of one toolbox.

Importing the package is cheap: components are imported when a registry of
:mod:`genzoo.registry` is asked for them, the user's functions when they are used.
"""
from .version import __version__

_API = ('init_model', 'TextToImageInferencer')

__all__ = ['__version__', *_API]


def __getattr__(name: str):
    if name in _API:
        from . import apis
        return getattr(apis, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
