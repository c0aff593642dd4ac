"""Every registered loss, one family a file."""
from .damsm import DAMSMLoss, DAMSMSentenceLoss, DAMSMWordsLoss, attend_to_regions
from .gan import GANLoss
from .gradient_penalty import (
                               MatchingAwareGradientPenalty,
                               R1Penalty,
                               WassersteinGradientPenalty,
                               input_gradients,
)
from .matching import HingeMatchingGANLoss

__all__ = [
    'DAMSMLoss', 'DAMSMSentenceLoss', 'DAMSMWordsLoss', 'GANLoss', 'HingeMatchingGANLoss',
    'MatchingAwareGradientPenalty', 'R1Penalty', 'WassersteinGradientPenalty', 'attend_to_regions',
    'input_gradients'
]
