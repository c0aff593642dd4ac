"""MoNCE: modulated contrast for unpaired and paired image translation."""
from .correspondence import PatchCorrespondence, PatchEncoder
from .cut import CUT
from .multiscale_discriminator import SPADEMultiscaleDiscriminator
from .patch_discriminator import CUTPatchDiscriminator
from .patch_sampler import PatchSampler
from .resnet_generator import CUTResnetGenerator
from .semantics import LabelDataPreprocessor, encode_labels, instance_edges
from .spade import SPADEModel
from .spade_generator import SPADEGenerator

__all__ = [
    'CUT', 'CUTPatchDiscriminator', 'CUTResnetGenerator', 'LabelDataPreprocessor', 'PatchCorrespondence',
    'PatchEncoder', 'PatchSampler', 'SPADEGenerator', 'SPADEModel', 'SPADEMultiscaleDiscriminator', 'encode_labels',
    'instance_edges'
]
