"""Means of numbers that a model puts into its data samples."""
from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric

from ..registry import METRICS


@METRICS.register_module()
class FieldMean(BaseMetric):
    """The mean over all samples of scalar fields, e.g. of the losses of a validation set.

    Args:
        fields: names of scalar fields of the data samples.
        collect_device, prefix: see mmengine's ``BaseMetric``.
    """

    def __init__(self, fields: Sequence[str], collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.fields = tuple(fields)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keeps the fields of each sample."""
        self.results += [[float(sample[field]) for field in self.fields] for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """One mean a field."""
        means = torch.tensor(results, dtype=torch.float64).mean(0)
        return dict(zip(self.fields, means.tolist()))
