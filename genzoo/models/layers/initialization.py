"""How weights begin."""
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized


def learned_weights(layer: nn.Module) -> tuple[Tensor, ...]:
    """What a convolution or linear layer learns: under spectral norm the weight before it is divided.

    A layer that stands for ``num_fused`` layers of equal width has as many parts.
    """
    weight = layer.parametrizations.weight.original if is_parametrized(layer, 'weight') else layer.weight
    return weight.detach().chunk(getattr(layer, 'num_fused', 1))


def xavier_normal_init(module: nn.Module, gain: float = 0.02) -> None:
    """Xavier's normal distribution for weights of convolutions and linear layers, 0 for their biases.

    Args:
        module: with all that is below it.
        gain: factor of the deviation.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            for weight in learned_weights(layer):
                nn.init.xavier_normal_(weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
