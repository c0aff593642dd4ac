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
                  name_of: Callable[[str], str] | None = stem, kinds: Pair = ('label map', 'image')) -> list[Pair]:
    """Pairs two lists of files by their place in natural order (2 before 10).

    Args:
        labels: files of label maps.
        images: files of images.
        name_of: what must be equal in the two paths of a pair; None: nothing.
        kinds: what the files of both lists are, for messages.

    Returns:
        (label, image) pairs.

    Raises:
        DataError: the lists differ in length, or the names of a pair do.
    """
    labels, images = sorted(labels, key=natural_key), sorted(images, key=natural_key)
    if name_of is not None:
        require_same_names(labels, images, name_of, kinds)
    if len(labels) != len(images):
        mine, theirs = kinds
        raise DataError(f'{os.path.dirname(labels[0])}: {len(labels)} {mine}s, but {len(images)} {theirs}s in '
                        f'{os.path.dirname(images[0])}. Each {theirs} needs its {mine}, in the same order.')
    return list(zip(labels, images))


def require_same_names(labels: Sequence[str], images: Sequence[str], name_of: Callable[[str], str],
                       kinds: Pair) -> None:
    """Raises DataError for the first file that has no partner of its name at its place."""
    for label, image in zip(labels, images):
        if name_of(label) != name_of(image):
            raise DataError(f'{label}: its name does not fit that of the {kinds[1]} at the same place, {image}. Give '
                            'both the same name, remove what has no partner, or set pairing_check=False.')
    longer, other, what = (labels, images, kinds[1]) if len(labels) > len(images) else (images, labels, kinds[0])
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

    Records have besides: ``label_rule`` (:class:`~genzoo.datasets.transforms.LabelRule`);
    ``scale_may_differ``: whether label maps may be smaller or larger than images, of the same ratio; and
    ``instance_path``, where there are instance maps. Those are not read unless asked for, as released.

    Args:
        root: see :class:`PairedDataset`.
        pairs: (label, image) paths.
        rule: what the label files hold.
        instance_paths: instance maps in the order of ``pairs``, one number an object; None: without.
        kwargs: see :class:`PairedDataset`.
    """

    scale_may_differ = False

    def __init__(self, root: str | Path, pairs: Sequence[Pair], rule: LabelRule,
                 instance_paths: Sequence[str] | None = None, **kwargs) -> None:
        if rule.label_nc < 1:
            raise ConfigError(f'label_nc={rule.label_nc}: must be at least 1, the number of classes.')
        self.rule, self.instance_paths = rule, instance_paths
        super().__init__(root, pairs, rule.num_classes, **kwargs)
        # So that a checkpoint says how label files are read.
        self.metainfo.update(label_rule=asdict(rule), has_instances=instance_paths is not None)

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        record = dict(super().record(index, rng), label_rule=self.rule, scale_may_differ=self.scale_may_differ)
        return record if self.instance_paths is None else dict(record, instance_path=self.instance_paths[index])


def in_order_of(pairs: Sequence[Pair], instances: Sequence[str],
                name_of: Callable[[str], str] | None = stem) -> list[str]:
    """Instance maps in the order of pairs.

    Args:
        pairs: of :func:`pair_in_order`.
        instances: files of instance maps.
        name_of: see :func:`pair_in_order`.

    Raises:
        DataError: they are not as many as the pairs, or their names are not those of the images.
    """
    images = [image for _, image in pairs]
    return [instance for instance, _ in pair_in_order(instances, images, name_of, ('instance map', 'image'))]


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
        instance_dir: folder of instance maps, files like the label maps with one number an object; None: without.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: a folder is missing or empty, or the files do not form pairs.
    """

    def __init__(self, label_dir: str | Path, image_dir: str | Path, label_nc: int = 13, has_unknown: bool = False,
                 pairing_check: bool = True, reduce_zero_label: bool = False, instance_dir: str | Path | None = None,
                 **kwargs) -> None:
        labels = list_images(label_dir, 'the folder of label maps', 'Set label_dir; JPEG would change the numbers.',
                             LABEL_SUFFIXES)
        images = list_images(image_dir, 'the folder of images', 'Set image_dir.', IMAGE_SUFFIXES)
        name_of = stem if pairing_check else None
        pairs = pair_in_order(labels, images, name_of)
        instances = None if instance_dir is None else in_order_of(pairs, list_images(
            instance_dir, 'the folder of instance maps', 'Set instance_dir, or leave it out.', LABEL_SUFFIXES), name_of)
        rule = LabelRule(label_nc, has_unknown or reduce_zero_label, reduce_zero_label)
        super().__init__(image_dir, pairs, rule, instances, **kwargs)
