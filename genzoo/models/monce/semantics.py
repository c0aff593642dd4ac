"""Label maps as networks read them."""
from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import ConfigError, DataError
from ...registry import MODELS
from ..base import ZooDataPreprocessor

MODES = ('index', 'multi_hot', 'one_hot_glasses', 'dense')
GLASSES = 16  # CelebAMask-HQ's index of eyeglasses


def encode_labels(labels: Tensor, num_classes: int, mode: str = 'index') -> Tensor:
    """A map of classes as one channel a class.

    ``'index'``: 1 where the class is. ``'multi_hot'``, CelebAMask-HQ as released: two label channels, part and
    glasses (0 or 1), are both taken as classes, so that channel 0 is 1 wherever there are no glasses and channel 1
    wherever there are. ``'one_hot_glasses'``, the sensible reading: glasses are class 16 and replace the part.
    ``'dense'``: the channels are used as they are.

    Args:
        labels: (B, 1, H, W), or (B, 2, H, W) for parts and glasses, int64; for ``'dense'`` (B, num_classes, H, W).
        num_classes: S.
        mode: one of the four.

    Returns:
        (B, S, H, W) float32.

    Raises:
        ConfigError: unknown mode.
        DataError: see :func:`require_labels`.
    """
    require_labels(labels, num_classes, mode)
    if mode == 'dense':
        return labels.float()
    if mode == 'one_hot_glasses':
        labels = torch.where(labels[:, 1:] > 0, GLASSES, labels[:, :1])
    shape = (len(labels), num_classes, *labels.shape[2:])
    return torch.zeros(shape, device=labels.device).scatter_(1, labels.long(), 1.0)


def require_labels(labels: Tensor, num_classes: int, mode: str = 'index', keys: Sequence[str | None] = ()) -> None:
    """Raises unless :func:`encode_labels` can read these labels.

    Values are looked at on the CPU only, since asking a GPU would wait: :class:`LabelDataPreprocessor` does it before.

    Args:
        labels, num_classes, mode: see :func:`encode_labels`.
        keys: names of the items, for the message.

    Raises:
        ConfigError: unknown mode.
        DataError: a value is no class, or the number of channels does not fit.
    """
    if mode not in MODES:
        raise ConfigError(f'labels mode={mode!r}: is none of {", ".join(MODES)}')
    wanted = dict(index=1, multi_hot=2, one_hot_glasses=2, dense=num_classes)[mode]
    if labels.shape[1] != wanted:
        raise DataError(f'{_name(keys, 0)}: a label map of {labels.shape[1]} channels; {mode!r} labels of '
                        f'{num_classes} classes have {wanted}. Set label_mode and label_channels to the data set\'s.')
    if mode == 'dense' or labels.device.type != 'cpu' or not labels.numel():
        return
    low, high = (int(end) for end in torch.aminmax(labels))
    if low < 0 or high >= num_classes:
        wrong = low if low < 0 else high
        item = int((labels == wrong).flatten(1).any(1).nonzero()[0])
        raise DataError(f'{_name(keys, item)}: a label map with the value {wrong}; the model has {num_classes} '
                        f'classes, 0 to {num_classes - 1}. Set label_channels to the number of classes, or mend the '
                        'file.')


def _name(keys: Sequence[str | None], item: int) -> str:
    key = keys[item] if item < len(keys) else None
    return f'item {item} of a batch' if key is None else str(key)


@MODELS.register_module()
class LabelDataPreprocessor(ZooDataPreprocessor):
    """Looks at label maps while they are on the CPU, where that does not make a GPU wait.

    Args:
        num_classes: S.
        mode: see :func:`encode_labels`.
        kwargs: see :class:`~genzoo.models.base.ZooDataPreprocessor`.
    """

    def __init__(self, num_classes: int, mode: str = 'index', **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.mode = mode

    def forward(self, data: dict, training: bool = False) -> dict:
        """See the base class.

        Raises:
            DataError: a label map has a value that is no class, or another number of channels.
        """
        keys = [sample.get('key') for sample in data.get('data_samples') or ()]
        require_labels(data['inputs']['label'], self.num_classes, self.mode, keys)
        return super().forward(data, training)


def instance_edges(instances: Tensor) -> Tensor:
    """1 where a pixel's instance differs from that of any of its four neighbours.

    SPADE (Park et al., CVPR 2019).

    Args:
        instances: ids, (B, 1, H, W).

    Returns:
        (B, 1, H, W) float32.
    """
    edges = torch.zeros_like(instances, dtype=torch.bool)
    across = instances[..., :, 1:] != instances[..., :, :-1]
    down = instances[..., 1:, :] != instances[..., :-1, :]
    edges[..., :, 1:] |= across
    edges[..., :, :-1] |= across
    edges[..., 1:, :] |= down
    edges[..., :-1, :] |= down
    return edges.float()
