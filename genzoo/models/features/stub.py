"""A feature network that needs no file."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import MODELS
from .frozen import FrozenFeatures


@MODELS.register_module()
class StubFeatures(FrozenFeatures):
    """A small fixed random conv net: for tests and toy runs.

    Its numbers are comparable only with themselves, for equal arguments.

    Args:
        channels: size of the pooled features.
        num_classes: number of logits.
        seed: of the weights.
    """

    def __init__(self, channels: int = 32, num_classes: int = 10, seed: int = 0) -> None:
        super().__init__()
        self.conv1 = nn.utils.skip_init(nn.Conv2d, 3, 16, 3, stride=2, padding=1)
        self.conv2 = nn.utils.skip_init(nn.Conv2d, 16, channels, 3, stride=2, padding=1)
        self.fc = nn.utils.skip_init(nn.Linear, channels, num_classes)
        self._fill(seed)
        self.description = f'StubFeatures (random weights, seed {seed}), no resize'
        self.freeze()

    def _fill(self, seed: int) -> None:
        """Draws the weights from a generator of its own, so that the global one is not disturbed."""
        generator = torch.Generator().manual_seed(seed)
        for weight in self.parameters():
            fan_in = weight[0].numel()
            nn.init.normal_(weight, std=(2 / fan_in) ** 0.5 if weight.dim() > 1 else 0.1, generator=generator)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            ``pool3`` (N, channels), ``logits_unbiased`` and ``logits`` (N, num_classes).
        """
        x = F.relu(self.conv2(F.relu(self.conv1(images))))
        pooled = x.mean(dim=(2, 3))
        unbiased = F.linear(pooled, self.fc.weight)
        return dict(pool3=pooled, logits_unbiased=unbiased, logits=unbiased + self.fc.bias)
