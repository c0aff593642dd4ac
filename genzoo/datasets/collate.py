"""From items to a batch."""
from collections.abc import Sequence

import numpy as np
from torch import Tensor
from torch.utils.data import default_collate

from ..errors import DataError
from ..registry import FUNCTIONS
from ..structures import DataSample


@FUNCTIONS.register_module()
def zoo_collate(items: Sequence[dict]) -> dict[str, dict[str, Tensor] | list[DataSample]]:
    """Stacks the inputs, lists the data samples.

    Args:
        items: of a :class:`~genzoo.datasets.ZooDataset`: ``inputs``, a dict of tensors of
            equal shapes, and ``data_samples``.

    Returns:
        ``inputs``, a dict of tensors with a leading batch axis, and ``data_samples``, a list.

    Raises:
        DataError: shapes differ.
    """
    _require_equal_shapes(items)
    return dict(inputs=default_collate([item['inputs'] for item in items]),
                data_samples=[item['data_samples'] for item in items])


def _require_equal_shapes(items: Sequence[dict]) -> None:
    first = items[0]
    for item in items[1:]:
        for name, value in item['inputs'].items():
            if np.shape(value) != np.shape(first['inputs'][name]):
                one, other = (f'{tuple(each["inputs"][name].shape)} of {each["data_samples"].get("key")!r}'
                              for each in (first, item))
                raise DataError(f'{name}: {one} and {other} make no batch. Let the pipeline bring them to one size, '
                                'or take batches of 1.')
