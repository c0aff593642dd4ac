"""Generators, discriminators, losses and the models that train them."""
from . import base, features, layers, losses, monce, ssagan

__all__ = ['base', 'features', 'layers', 'losses', 'monce', 'ssagan']
