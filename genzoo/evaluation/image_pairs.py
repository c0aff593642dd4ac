"""What metrics share that compare each generated image with its own real one."""
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..errors import DataError
from .common import field_of, log_protocol, need_package


class PairMetric(BaseMetric):
    """The mean over samples of a number that compares ``fake_img`` with ``gt_img``, of one size.

    Raises:
        ConfigError: torchmetrics is not installed.
    """

    name: str
    """Of the result."""

    protocol: str
    """For the log."""

    def __init__(self, **base_args) -> None:
        super().__init__(**base_args)
        self.functional = need_package('torchmetrics.functional.image', 'torchmetrics', type(self).__name__)

    @abstractmethod
    def compare(self, fakes: Tensor, reals: Tensor) -> Tensor:
        """Numbers (N,) of images (N, 3, H, W), float32 in 0..255."""

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the number of each sample.

        Raises:
            DataError: a sample lacks an image, or the two are of different sizes.
        """
        fakes = field_of(data_samples, 'fake_img', 'The model must generate one.')
        reals = field_of(data_samples, 'gt_img', f'{type(self).__name__} compares each image with its real one.')
        for sample, fake, real in zip(data_samples, fakes, reals):
            if fake.shape != real.shape:
                raise DataError(f'data sample {sample["key"]!r}: fake_img is {tuple(fake.shape)}, gt_img '
                                f'{tuple(real.shape)}. {type(self).__name__} needs both of one size.')
            # One by one, because images of a batch may differ in size.
            value = self.compare(fake[None].float(), real[None].to(fake.device).float())
            self.results.append(float(value))

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        """The mean over all samples, and their number."""
        log_protocol(self, f'{self.protocol}, no resize; mean of {len(results)} generated images, '
                     'each against its real one')
        return {self.name: float(np.mean(results)), 'num_fake': len(results)}
