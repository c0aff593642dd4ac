"""The relativistic average GAN for genzoo; importing this registers its components.

A config names it: ``custom_imports = dict(imports=['genzoo_ragan'])``.
"""
from .discs import DiscsDataset, PackPicture
from .losses import RelativisticGANLoss
from .model import RaGAN
from .networks import RaGANDiscriminator, RaGANGenerator

__all__ = ['DiscsDataset', 'PackPicture', 'RaGAN', 'RaGANDiscriminator', 'RaGANGenerator', 'RelativisticGANLoss']
