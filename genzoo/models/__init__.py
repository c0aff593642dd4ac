"""Generators, discriminators, losses and the models that train them."""
from . import base, features, layers, losses, ssagan

__all__ = ['base', 'features', 'layers', 'losses', 'ssagan']
