"""What all frozen feature networks have in common."""
import torch
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class FrozenFeatures(nn.Module):
    """A pretrained network that losses and metrics look through.

    It stays in eval mode whatever its parent does and its weights take no gradient;
    gradients do flow to its input. A subclass calls :meth:`freeze` at the end of its
    constructor and sets ``description``, one line for logs: which file, which resize.
    """

    description: str

    def freeze(self) -> None:
        """Takes all weights out of training, for good."""
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> 'FrozenFeatures':
        """Stays in eval mode, whatever ``mode`` says."""
        return super().train(False)


class ImageNetNormalize(nn.Module):
    """Images in [-1, 1] to zero mean and unit variance over ImageNet."""

    def __init__(self) -> None:
        super().__init__()
        mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
        self.register_buffer('shift', (2 * mean - 1).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('scale', (2 * std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            (N, 3, H, W).
        """
        return (images - self.shift) / self.scale


def fill_randomly(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network with weights for ReLUs (He et al., 2015), those of norms 1, biases 0, from a generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    for name, weight in network.named_parameters():
        if weight.dim() > 1:
            nn.init.normal_(weight, std=(2 / weight[0].numel()) ** 0.5, generator=generator)
        else:
            nn.init.constant_(weight, float(name.endswith('weight')))
    return network
