"""From what the loader yields to what a model reads."""
from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from ...registry import MODELS


@MODELS.register_module()
class ZooDataPreprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and scales uint8 images to [-1, 1].

    Images cross the process boundary and the bus as uint8, a quarter of the bytes.

    Args:
        cpu_keys: inputs that stay on the CPU, such as lengths that a packed sequence needs
            there; copying them to a GPU and back would make the step wait.
        non_blocking: copies without waiting, for pinned memory.
    """

    def __init__(self, cpu_keys: Sequence[str] = (), non_blocking: bool = True) -> None:
        super().__init__(non_blocking=non_blocking)
        self.cpu_keys = tuple(cpu_keys)

    def forward(self, data: dict, training: bool = False) -> dict:
        """
        Args:
            data: ``inputs``, a dict of batched tensors, and ``data_samples``, a list.
            training: unused; mmengine passes it.

        Returns:
            The same with every uint8 input as float32 in [-1, 1].
        """
        inputs = {key: value if key in self.cpu_keys else self._prepare(value)
                  for key, value in data['inputs'].items()}
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def _prepare(self, value: Tensor) -> Tensor:
        value = value.to(self.device, non_blocking=self._non_blocking)
        return value.to(torch.float32) / 127.5 - 1 if value.dtype == torch.uint8 else value


def to_uint8(images: Tensor) -> Tensor:
    """Generated images in [-1, 1] to uint8; as the papers' code, truncated and not rounded."""
    return ((images.float() + 1) * 127.5).clamp(0, 255).to(torch.uint8)


def as_uint8_again(images: Tensor) -> Tensor:
    """Images that :class:`ZooDataPreprocessor` scaled to [-1, 1], as the uint8 that they were."""
    return ((images + 1) * 127.5).round().to(torch.uint8)
