"""MoNCE: modulated contrast for unpaired and paired image translation."""
from .correspondence import PatchCorrespondence, PatchEncoder

__all__ = ['PatchCorrespondence', 'PatchEncoder']
