"""The discriminator of unpaired translation."""
from torch import Tensor, nn

from ...errors import DataError
from ...registry import MODELS
from ..layers import BlurDownsample, xavier_normal_init
from .resnet_generator import build_norm


@MODELS.register_module()
class CUTPatchDiscriminator(nn.Module):
    """PatchGAN: a logit for each patch of 70 x 70 pixels (with three layers).

    CUT (Park et al., ECCV 2020), as used by MoNCE (Zhan et al., CVPR 2022).

    Args:
        in_channels: of the image.
        base_channels: width of the first layer (the papers' ndf).
        num_layers: that halve the size.
        norm: ``'instance'``, or ``'batch'``.
        antialias: blurs before subsampling; without, the convolutions stride.
    """

    def __init__(self, in_channels: int = 3, base_channels: int = 64, num_layers: int = 3, norm: str = 'instance',
                 antialias: bool = True) -> None:
        super().__init__()
        widths = [base_channels * min(2**number, 8) for number in range(num_layers + 1)]
        bias, layers = norm == 'instance', []
        for number, (before, width) in enumerate(zip([in_channels, *widths], widths)):
            halves = number < num_layers
            stride = 2 if halves and not antialias else 1
            layers += [nn.Conv2d(before, width, 4, stride, 1, bias=bias or number == 0)]
            layers += [build_norm(norm, width)] if number else []
            layers += [nn.LeakyReLU(0.2)]
            layers += [BlurDownsample(width)] if halves and antialias else []
        self.model = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))
        self.smallest = 3 * 2**num_layers  # pixels; of less the last norm gets one value, or nothing
        xavier_normal_init(self)

    def forward(self, image: Tensor) -> Tensor:
        """
        Args:
            image: (B, in_channels, H, W), in [-1, 1].

        Returns:
            Logits (B, 1, h, w), e.g. 30 x 30 for 256 x 256 pixels.

        Raises:
            DataError: the image is too small for a logit.
        """
        if min(image.shape[2:]) < self.smallest:
            raise DataError(f'an image of {image.shape[3]} x {image.shape[2]} pixels: the discriminator takes no less '
                            f'than {self.smallest} x {self.smallest}. Set a larger crop_size, or fewer '
                            'discriminator.num_layers.')
        return self.model(image)
