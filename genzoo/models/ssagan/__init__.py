"""SSA-GAN: text to image generation with a semantic-spatial aware GAN (CVPR 2022)."""
from .blocks import MaskPredictor, SemanticSpatialCondBN, SSACNBlock
from .damsm import DAMSM
from .discriminator import OneWayDiscriminator
from .encoders import DAMSMImageEncoder, DAMSMTextEncoder
from .generator import SSACNGenerator
from .ssagan import SSAGAN

__all__ = [
    'DAMSM', 'DAMSMImageEncoder', 'DAMSMTextEncoder', 'MaskPredictor', 'OneWayDiscriminator',
    'SSACNBlock', 'SSACNGenerator', 'SSAGAN', 'SemanticSpatialCondBN'
]
