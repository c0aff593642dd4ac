"""How weights begin."""
from torch import nn


def xavier_normal_init(module: nn.Module, gain: float = 0.02) -> None:
    """Xavier's normal distribution for weights of convolutions and linear layers, 0 for their biases.

    Args:
        module: with all that is below it.
        gain: factor of the deviation.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.xavier_normal_(layer.weight, gain)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
