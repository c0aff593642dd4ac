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
from .monce import MoNCELoss
from .monce_vgg import MoNCEVGGLoss
from .optimal_transport import (
    log_sinkhorn,
    optimal_transport_weights,
    sinkhorn,
    softmax_weights,
    transport_plan,
)
from .patch_nce import PatchNCELoss, nce_per_query
from .patches import draw_patch_ids, gather_patches, l2_normalize

__all__ = [
    'DAMSMLoss', 'DAMSMSentenceLoss', 'DAMSMWordsLoss', 'GANLoss', 'HingeMatchingGANLoss',
    'MatchingAwareGradientPenalty', 'MoNCELoss', 'MoNCEVGGLoss', 'PatchNCELoss', 'R1Penalty',
    'WassersteinGradientPenalty', 'attend_to_regions', 'draw_patch_ids', 'gather_patches', 'input_gradients',
    'l2_normalize', 'log_sinkhorn', 'nce_per_query', 'optimal_transport_weights', 'sinkhorn', 'softmax_weights',
    'transport_plan'
]
