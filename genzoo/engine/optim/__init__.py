"""Optimiser wrappers: one a network, mixed precision on any device."""
from .autocast import AutocastOptimWrapper
from .network_constructor import NetworkOptimWrapperConstructor

__all__ = ['AutocastOptimWrapper', 'NetworkOptimWrapperConstructor']
