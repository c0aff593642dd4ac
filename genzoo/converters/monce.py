"""MoNCE's released files to genzoo and back."""
import re
from collections.abc import Mapping

from torch import Tensor

from .common import State, rename_keys


def vgg_slices_to_genzoo(state: Mapping[str, Tensor]) -> State:
    """VGG-19 as the paired code names it, ``vgg.slice<k>.<n>``, under the keys of ``VGGFeatures``."""
    return rename_keys(state, lambda key: re.sub(r'^vgg\.slice\d+\.', 'features.', key))
