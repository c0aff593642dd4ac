"""A data set several times over."""
from typing import Any

from torch.utils.data import Dataset

from ..registry import DATASETS


@DATASETS.register_module()
class RepeatedDataset(Dataset):
    """Each item ``times`` times in a row, for several images of one caption; for evaluation.

    A repetition has the same picture and caption as the first; its data sample's
    ``sample_index`` counts from 0. Models draw other noise for it.

    Args:
        dataset: the data set, or its config; items have ``data_samples``.
        times: how often each item comes.
    """

    def __init__(self, dataset: dict | Dataset, times: int) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.times = times
        self.metainfo = self.dataset.metainfo

    def __len__(self) -> int:
        """Number of items, repetitions included."""
        return len(self.dataset) * self.times

    def __getitem__(self, index: int) -> Any:
        """The item that index ``index // times`` of the data set has, as its repetition ``index % times``."""
        original, repetition = divmod(int(index), self.times)
        item = self.dataset[original]
        item['data_samples'].sample_index = repetition
        return item
