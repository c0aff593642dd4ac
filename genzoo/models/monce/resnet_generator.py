"""The generator of unpaired translation."""
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS
from ...utils import require_whole
from ..layers import BlurDownsample, BlurUpsample, InstanceNorm2d, xavier_normal_init
from .misfits import other_settings

NORMS = dict(instance=InstanceNorm2d, batch=nn.BatchNorm2d)


def build_norm(kind: str, channels: int) -> nn.Module:
    """Instance norm without, or batch norm with, weights.

    Raises:
        ConfigError: ``kind`` is neither.
    """
    if kind not in NORMS:
        raise ConfigError(f'norm={kind!r}: is none of {", ".join(NORMS)}')
    return NORMS[kind](channels)


class ResnetBlock(nn.Module):
    """Two reflection-padded 3 x 3 convolutions and a shortcut; nothing after the sum.

    Args:
        channels: in and out.
        norm: ``'instance'`` or ``'batch'``.
        dropout: of 0.5 between the convolutions.
    """

    def __init__(self, channels: int, norm: str = 'instance', dropout: bool = False) -> None:
        super().__init__()
        bias = norm == 'instance'  # batch norm has a bias of its own
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), build_norm(norm, channels), nn.ReLU(),
            *([nn.Dropout(0.5)] if dropout else []),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias), build_norm(norm, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return x + self.conv_block(x)


@MODELS.register_module()
class CUTResnetGenerator(nn.Module):
    """Encoder, residual blocks and decoder, as a flat sequence whose indices name the layers that MoNCE compares.

    CUT (Park et al., ECCV 2020), as used by MoNCE (Zhan et al., CVPR 2022).

    Args:
        in_channels: of the source image.
        out_channels: of the translation.
        base_channels: width of the first layer (the papers' ngf).
        num_blocks: residual blocks.
        norm: ``'instance'``, or ``'batch'``, with which :class:`CUT` takes other keys than the release.
        antialias_down: blurs before subsampling; without, the convolutions stride, and indices shift.
        antialias_up: blurs after upsampling; without, transposed convolutions.
        dropout: in the residual blocks.

    Raises:
        ConfigError: a number of channels or blocks that none can be, or an unknown norm.
    """

    def __init__(self, in_channels: int = 3, out_channels: int = 3, base_channels: int = 64, num_blocks: int = 9,
                 norm: str = 'instance', antialias_down: bool = True, antialias_up: bool = True,
                 dropout: bool = False) -> None:
        super().__init__()
        sizes = dict(in_channels=in_channels, out_channels=out_channels, base_channels=base_channels)
        for name, value in sizes.items():
            require_whole(value, f'CUTResnetGenerator: {name}')
        require_whole(num_blocks, 'CUTResnetGenerator: num_blocks', least=0)
        self.in_channels, self.out_channels = in_channels, out_channels
        c, bias = base_channels, norm == 'instance'
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(in_channels, c, 7, bias=bias), build_norm(norm, c), nn.ReLU()]
        for width in (c, 2 * c):
            stride = 1 if antialias_down else 2
            layers += [nn.Conv2d(width, 2 * width, 3, stride, 1, bias=bias), build_norm(norm, 2 * width), nn.ReLU()]
            layers += [BlurDownsample(2 * width)] if antialias_down else []
        layers += [ResnetBlock(4 * c, norm, dropout) for _ in range(num_blocks)]
        for width in (4 * c, 2 * c):
            layers += [BlurUpsample(width), nn.Conv2d(width, width // 2, 3, 1, 1, bias=bias)] if antialias_up else [
                nn.ConvTranspose2d(width, width // 2, 3, 2, 1, output_padding=1, bias=bias)]
            layers += [build_norm(norm, width // 2), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(c, out_channels, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)
        xavier_normal_init(self)

    @property
    def num_layers(self) -> int:
        """How many layers there are to choose from."""
        return len(self.model)

    def explain_misfit(self, state: Mapping[str, Tensor]) -> str | None:
        """Which settings weights in these keys were made with, if not this network's; None if all seem equal."""
        return other_settings('generator', self, state)

    def forward(self, x: Tensor, layers: Sequence[int] = (), encode_only: bool = False):
        """
        Args:
            x: (B, in_channels, H, W), in [-1, 1], H and W multiples of 4.
            layers: indices of layers whose outputs are wanted; -1 is the last.
            encode_only: stops behind the last of them.

        Returns:
            The image (B, out_channels, H, W) in [-1, 1]; with ``layers`` also a list of feature maps in the order
            of the layers; of ``encode_only`` the list alone.
        """
        wanted = {len(self.model) - 1 if layer == -1 else layer for layer in layers}
        last = max(wanted) if encode_only else len(self.model) - 1
        features = []
        for index, layer in enumerate(self.model[:last + 1]):
            x = layer(x)
            if index in wanted:
                features.append(x)
        if encode_only:
            return features
        return (x, features) if layers else x
