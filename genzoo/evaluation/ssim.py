"""Structural similarity."""
from torch import Tensor

from ..errors import DataError
from ..registry import METRICS
from .image_pairs import PairMetric

_WINDOW = 11


@METRICS.register_module()
class SSIM(PairMetric):
    """Structural similarity (Wang et al., 2004), mean over RGB channels, pixels and images.

    Gaussian window of 11 pixels and deviation 1.5, K1 = 0.01, K2 = 0.03, of values of 0..255; the
    border where the window does not fit is left out.

    Raises:
        ConfigError: torchmetrics is not installed.
    """

    default_prefix = 'SSIM'
    name = 'ssim'
    protocol = 'RGB, 8 bit, Gaussian window 11x11, deviation 1.5'

    def compare(self, fakes: Tensor, reals: Tensor) -> Tensor:
        """Similarities (N,) of images (N, 3, H, W), float32 in 0..255.

        Raises:
            DataError: the images are smaller than the window.
        """
        if min(fakes.shape[2:]) < _WINDOW:
            raise DataError(f'SSIM: images of {tuple(fakes.shape[2:])} pixels are smaller than its window of '
                            f'{_WINDOW}. Evaluate larger images.')
        _, maps = self.functional.structural_similarity_index_measure(
            fakes, reals, gaussian_kernel=True, sigma=1.5, data_range=255., k1=.01, k2=.03, reduction='none',
            return_full_image=True)
        border = _WINDOW // 2
        return maps[..., border:-border, border:-border].mean(dim=(1, 2, 3))
