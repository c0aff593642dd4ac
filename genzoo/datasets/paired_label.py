"""Images with a label map each, for label-conditional synthesis."""
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..registry import DATASETS
from .base import ZooDataset
from .image_files import IMAGE_SUFFIXES, key_below, list_images, natural_key
from .transforms.label import LabelRule

PHASES = ('train', 'test')
LABEL_SUFFIXES = ('.png', '.bmp', '.tif', '.tiff')
"""Formats that keep numbers as they are; JPEG does not."""
Pair = tuple[str, str]


def require_phase(phase: str) -> str:
    """``'train'``, or ``'val'`` for ``'test'``: the split that official layouts have for it.

    Raises:
        ConfigError: another phase.
    """
    if phase not in PHASES:
        raise ConfigError(f"phase={phase!r}: must be 'train' or 'test' (the split val).")
    return 'train' if phase == 'train' else 'val'


def stem(path: str) -> str:
    """A file's name without folder and extension."""
    return os.path.splitext(os.path.basename(path))[0]


def pair_in_order(labels: Sequence[str], images: Sequence[str],
                  name_of: Callable[[str], str] | None = stem) -> list[Pair]:
    """Pairs two lists of files by their place in natural order (2 before 10).

    Args:
        labels: files of label maps.
        images: files of images.
        name_of: what must be equal in the two paths of a pair; None: nothing.

    Returns:
        (label, image) pairs.

    Raises:
        DataError: the lists differ in length, or the names of a pair do.
    """
    labels, images = sorted(labels, key=natural_key), sorted(images, key=natural_key)
    if name_of is not None:
        require_same_names(labels, images, name_of)
    if len(labels) != len(images):
        raise DataError(f'{os.path.dirname(labels[0])}: {len(labels)} label maps, but {len(images)} images in '
                        f'{os.path.dirname(images[0])}. Each image needs its label map, in the same order.')
    return list(zip(labels, images))


def require_same_names(labels: Sequence[str], images: Sequence[str], name_of: Callable[[str], str]) -> None:
    """Raises DataError for the first file that has no partner of its name at its place."""
    for label, image in zip(labels, images):
        if name_of(label) != name_of(image):
            raise DataError(f'{label}: its name does not fit that of the image at the same place, {image}. Give both '
                            'the same name, remove what has no partner, or set pairing_check=False.')
    longer, other, what = (labels, images, 'image') if len(labels) > len(images) else (images, labels, 'label map')
    if len(longer) > len(other):
        raise DataError(f'{longer[len(other)]}: has no {what} of its name. Add it, or remove this file.')


class PairedDataset(ZooDataset):
    """Base of the data sets of images that each have a label of whatever kind; a subclass lists the files.

    Records of the pipeline: ``img_path``, ``label_path``, ``key`` (place of the image, without extension).

    Args:
        root: folder below which keys are the places of images.
        pairs: (label, image) paths.
        num_classes: channels of what the network sees of a label, S.
        max_dataset_size: at most so many pairs, the first ones.
        pipeline: see :class:`ZooDataset`.
        on_error: see :class:`ZooDataset`.
    """

    def __init__(self, root: str | Path, pairs: Sequence[Pair], num_classes: int, max_dataset_size: int | None = None,
                 pipeline: Sequence[dict | Callable] = (), on_error: str = 'raise') -> None:
        if max_dataset_size is not None and max_dataset_size < 1:
            raise ConfigError(f'max_dataset_size={max_dataset_size}: must be at least 1, or None for all pairs.')
        self.root = Path(os.path.expanduser(root))
        self.pairs = list(pairs)[:max_dataset_size]
        metainfo = dict(dataset_name=os.path.basename(os.path.abspath(self.root)), num_classes=num_classes)
        super().__init__(pipeline, metainfo, on_error)

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.pairs)

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        label, image = self.pairs[index]
        return dict(img_path=image, label_path=label, key=key_below(image, self.root))


class PairedLabelDataset(PairedDataset):
    """Base of the data sets of images with maps of class numbers, MoNCE (CVPR 2022) in SPADE's layouts.

    Instance maps are not read, as released.

    Records have besides: ``label_rule`` (:class:`~genzoo.datasets.transforms.LabelRule`) and
    ``scale_may_differ``: whether label maps may be smaller or larger than images, of the same ratio.

    Args:
        root: see :class:`PairedDataset`.
        pairs: (label, image) paths.
        rule: what the label files hold.
        kwargs: see :class:`PairedDataset`.
    """

    scale_may_differ = False

    def __init__(self, root: str | Path, pairs: Sequence[Pair], rule: LabelRule, **kwargs) -> None:
        if rule.label_nc < 1:
            raise ConfigError(f'label_nc={rule.label_nc}: must be at least 1, the number of classes.')
        self.rule = rule
        super().__init__(root, pairs, rule.num_classes, **kwargs)
        self.metainfo['label_rule'] = asdict(rule)  # so that a checkpoint says how label files are read

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        return dict(super().record(index, rng), label_rule=self.rule, scale_may_differ=self.scale_may_differ)


@DATASETS.register_module()
class LabelFolderDataset(PairedLabelDataset):
    """A folder of images and a folder of their label maps, paired by name in natural order.

    Args:
        label_dir: folder of label maps, PNG with one class number a pixel (grey or palette).
        image_dir: folder of images.
        label_nc: number of classes.
        has_unknown: whether 255 stands for unknown, which becomes class ``label_nc``.
        pairing_check: whether the two names of a pair must be equal, but for the extension.
        reduce_zero_label: whether files count classes from 1, and 0 is unknown.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: a folder is missing or empty, or the files do not form pairs.
    """

    def __init__(self, label_dir: str | Path, image_dir: str | Path, label_nc: int = 13, has_unknown: bool = False,
                 pairing_check: bool = True, reduce_zero_label: bool = False, **kwargs) -> None:
        labels = list_images(label_dir, 'the folder of label maps', 'Set label_dir.', LABEL_SUFFIXES)
        images = list_images(image_dir, 'the folder of images', 'Set image_dir.', IMAGE_SUFFIXES)
        pairs = pair_in_order(labels, images, stem if pairing_check else None)
        rule = LabelRule(label_nc, has_unknown or reduce_zero_label, reduce_zero_label)
        super().__init__(image_dir, pairs, rule, **kwargs)
