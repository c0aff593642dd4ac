"""Label maps as networks read them."""
import torch
from torch import Tensor

from ...errors import ConfigError, DataError

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
        DataError: a value is no class, or the number of channels does not fit.
    """
    if mode not in MODES:
        raise ConfigError(f'labels mode={mode!r}: is none of {", ".join(MODES)}')
    wanted = dict(index=1, multi_hot=2, one_hot_glasses=2, dense=num_classes)[mode]
    if labels.shape[1] != wanted:
        raise DataError(f'a label map has {labels.shape[1]} channels; {mode!r} labels of {num_classes} classes have '
                        f'{wanted}')
    if mode == 'dense':
        return labels.float()
    if mode == 'one_hot_glasses':
        labels = torch.where(labels[:, 1:] > 0, GLASSES, labels[:, :1])
    _require_classes(labels, num_classes)
    shape = (len(labels), num_classes, *labels.shape[2:])
    return torch.zeros(shape, device=labels.device).scatter_(1, labels.long(), 1.0)


def _require_classes(labels: Tensor, num_classes: int) -> None:
    """On a GPU the data set's own check, which names the file, has to do, since asking would wait."""
    if labels.device.type == 'cpu' and labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes:
        raise DataError(f'a label map has values from {int(labels.min())} to {int(labels.max())}; classes are 0 to '
                        f'{num_classes - 1}. Set label_channels to the number of classes, or mend the label files.')


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
