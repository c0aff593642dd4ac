"""MoNCE: modulated contrast for unpaired and paired image translation."""
from .cut import CUT
from .patch_discriminator import CUTPatchDiscriminator
from .patch_sampler import PatchSampler
from .resnet_generator import CUTResnetGenerator

__all__ = ['CUT', 'CUTPatchDiscriminator', 'CUTResnetGenerator', 'PatchSampler']
