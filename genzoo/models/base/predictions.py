"""From a batch of predictions to one data sample an item."""
from collections.abc import Mapping, Sequence

from torch import Tensor

from ...structures import DataSample


def completed_samples(data_samples: Sequence[DataSample] | None, fields: Mapping[str, Tensor]) -> list[DataSample]:
    """Copies of data samples, each with its rows of what a model predicts.

    Args:
        data_samples: one an item; None: empty ones.
        fields: names and batches (B, ...), on any device.

    Returns:
        B samples, their new fields on the CPU.
    """
    count = len(next(iter(fields.values())))
    samples = [sample.clone() for sample in data_samples or [DataSample() for _ in range(count)]]
    for name, batch in fields.items():
        for sample, value in zip(samples, batch.cpu()):
            sample.set_field(value, name)
    return samples
