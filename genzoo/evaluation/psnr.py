"""Peak signal-to-noise ratio."""
from torch import Tensor

from ..registry import METRICS
from .image_pairs import PairMetric


@METRICS.register_module()
class PSNR(PairMetric):
    """Peak signal-to-noise ratio in dB, of all RGB values of 0..255, mean over images.

    An image equal to its real one has an infinite ratio, and makes the mean infinite.

    Raises:
        ConfigError: torchmetrics is not installed.
    """

    default_prefix = 'PSNR'
    name = 'psnr'
    protocol = 'RGB, 8 bit'

    def compare(self, fakes: Tensor, reals: Tensor) -> Tensor:
        """Ratios (N,) in dB of images (N, 3, H, W), float32 in 0..255."""
        return self.functional.peak_signal_noise_ratio(fakes, reals, data_range=255., reduction='none',
                                                       dim=(1, 2, 3))
