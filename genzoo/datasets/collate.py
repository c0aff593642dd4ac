"""From items to a batch."""
from collections.abc import Sequence

from torch import Tensor
from torch.utils.data import default_collate

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
    """
    return dict(inputs=default_collate([item['inputs'] for item in items]),
                data_samples=[item['data_samples'] for item in items])
