"""Pictures of what a config's data pipeline yields."""
from collections.abc import Mapping

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.utils.data import Dataset

from ..datasets import SampleIndex
from ..errors import ConfigError
from ..registry import DATASETS
from ..visualization import image_grid, label_pictures

SPLITS = ('train', 'val', 'test')


def build_dataset(config: Config, split: str) -> Dataset:
    """The data set of one of a config's loaders, with its pipeline.

    Args:
        config: a checked config.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Raises:
        ConfigError: the config has no such loader.
        DataError: the data set cannot be opened.
    """
    loader = config.get(f'{split}_dataloader')
    if loader is None:
        there = ', '.join(name for name in SPLITS if config.get(f'{name}_dataloader')) or 'none'
        raise ConfigError(f'{config.filename}: has no {split}_dataloader (it has: {there}). Give another --split.')
    init_default_scope(config.get('default_scope', 'genzoo'))
    return DATASETS.build(loader['dataset'])


def to_uint8(image: Tensor) -> Tensor:
    """An image of a pipeline as bytes: uint8 as it is, floats of [0, 1] or, if any is negative, of [-1, 1].

    Args:
        image: (C, H, W).

    Returns:
        (C, H, W) uint8.
    """
    if image.dtype == torch.uint8:
        return image
    image = image.float()
    image = (image + 1) * 127.5 if image.min() < 0 else image * 255
    return (image.clamp(0, 255) + 0.5).to(torch.uint8)


def pictures_of(item: Mapping) -> np.ndarray:
    """The images among an item's inputs, side by side.

    Args:
        item: with ``inputs``, a dict; images are its tensors (3, H, W) and (1, H, W); ``label`` (L, H, W) is
            shown in colours, see :func:`~genzoo.visualization.label_pictures`.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        ConfigError: there is none.
    """
    images = [picture for name, value in item['inputs'].items() if isinstance(value, Tensor) and value.ndim == 3
              for picture in (label_pictures(value) if name == 'label' else _images(value))]
    if not images:
        raise ConfigError(f'the pipeline yields no image, only {", ".join(item["inputs"])}. Images are tensors '
                          '(3, H, W) or (1, H, W).')
    return images[0] if len(images) == 1 else image_grid(images, columns=len(images), min_width=1)


def _images(value: Tensor) -> list[Tensor]:
    return [to_uint8(value)] if value.shape[0] in (1, 3) else []


def label_of(item: Mapping, number: int) -> str:
    """What stands below an item: its number, key, class and caption, as far as it has them."""
    sample = item.get('data_samples') or {}
    parts = [f'[{number}]', sample.get('key'), sample.get('caption')]
    if 'class_id' in item['inputs']:
        parts.insert(2, f'class {int(item["inputs"]["class_id"])}:')
    return ' '.join(str(part) for part in parts if part)


def browse(dataset: Dataset, num: int, repeats: int, seed: int) -> dict[str, np.ndarray]:
    """Contact sheets of a data set.

    Args:
        dataset: whose items are dicts of ``inputs`` and ``data_samples``.
        num: how many items, drawn without replacement; at most all of them.
        repeats: how often the first of them is drawn anew, as in so many epochs; 0: no such sheet.
        seed: decides which items, and all that the pipeline draws.

    Returns:
        (H, W, 3) uint8, RGB: ``items``, one each, and ``repeats``, one item again and again.

    Raises:
        ConfigError: a number is out of its range.
        DataError: an item is broken.
    """
    for option, value, least in (('--num', num, 1), ('--repeats', repeats, 0), ('--seed', seed, 0)):
        if value < least:
            raise ConfigError(f'{option} {value}: must be at least {least}.')
    chosen = np.random.default_rng(seed).permutation(len(dataset))[:num].tolist()
    sheets = dict(items=_sheet(dataset, [(index, place) for place, index in enumerate(chosen)], seed))
    if repeats:
        again = [(chosen[0], epoch * len(dataset)) for epoch in range(repeats)]
        sheets['repeats'] = _sheet(dataset, again, seed)
    return sheets


def _sheet(dataset: Dataset, draws: list[tuple[int, int]], seed: int) -> np.ndarray:
    items = [dataset[SampleIndex(index, seed, position)] for index, position in draws]
    labels = [label_of(item, index) for item, (index, _) in zip(items, draws)]
    return image_grid([pictures_of(item) for item in items], labels)
