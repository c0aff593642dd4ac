"""Two small convolutional networks for 16 x 16 pictures."""
from torch import Tensor, nn

from genzoo.registry import MODELS


@MODELS.register_module()
class RaGANGenerator(nn.Module):
    """Noise to a picture.

    Args:
        noise_size: Z.
        channels: of the finest feature map; coarser ones have twice as many each.
    """

    def __init__(self, noise_size: int = 32, channels: int = 16) -> None:
        super().__init__()
        self.noise_size = noise_size
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(noise_size, 4 * channels, 4), nn.BatchNorm2d(4 * channels), nn.ReLU(),
            nn.ConvTranspose2d(4 * channels, 2 * channels, 4, 2, 1), nn.BatchNorm2d(2 * channels), nn.ReLU(),
            nn.ConvTranspose2d(2 * channels, channels, 4, 2, 1), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, 3, 3, padding=1), nn.Tanh())

    def forward(self, noise: Tensor) -> Tensor:
        """(N, Z) to (N, 3, 16, 16) in [-1, 1]."""
        return self.layers(noise[:, :, None, None])


@MODELS.register_module()
class RaGANDiscriminator(nn.Module):
    """A picture to a logit, C(x): the higher, the more real.

    Args:
        channels: of the first feature map; each later one has twice as many.
    """

    def __init__(self, channels: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(channels, 2 * channels, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * channels, 1, 4))

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, 16, 16) in [-1, 1] to (N,)."""
        return self.layers(images).flatten()
