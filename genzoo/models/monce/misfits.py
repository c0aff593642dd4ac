"""What weights of another network of the same kind were made with."""
from collections.abc import Mapping

from torch import Tensor, nn

from ...converters import monce as converter


def other_settings(part: str, network: nn.Module, state: Mapping[str, Tensor]) -> str | None:
    """In terms of the config, in which settings weights are of another network; None if that cannot be read off.

    Args:
        part: ``'generator'``, ``'discriminator'`` or ``'patch_sampler'``.
        network: that they should fit.
        state: the weights, in the network's keys.
    """
    try:
        made, own = (converter.component_of(part, weights) for weights in (state, network.state_dict()))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # not whole, or not of this kind at all
        return None
    unlike = [key for key in own if made.get(key) != own[key]]
    if not unlike:
        return None
    theirs, mine = (', '.join(f'{key}={cfg.get(key)}' for key in unlike) for cfg in (made, own))
    return f'{part}: made with {theirs}; the config has {mine}'
