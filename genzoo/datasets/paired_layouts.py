"""Released data sets of images with label maps, each in its own layout."""
import os
from pathlib import Path

from ..errors import DataError
from ..registry import DATASETS
from ..utils import require_folder
from .image_files import IMAGE_SUFFIXES, files_below, list_images
from .paired_label import LABEL_SUFFIXES, PairedLabelDataset, in_order_of, pair_in_order, require_phase, stem
from .transforms.label import LabelRule

ADE20K_PAGE = ('ADEChallengeData2016 provides it (http://sceneparsing.csail.mit.edu/): images and annotations of the '
               'same name, e.g. ADE_train_00000001.jpg and .png, anywhere below data_root.')
CITYSCAPES_PAGE = 'gtFine_trainvaltest.zip and leftImg8bit_trainvaltest.zip of cityscapes-dataset.com provide it.'
FOLDERS = ('Label maps lie in <split>_label/, images of the same names in <split>_img/ (instance maps, where asked '
           'for, in <split>_inst/); splits are train and val.')
LISTING = 'files.list'


@DATASETS.register_module()
class ADE20KDataset(PairedLabelDataset):
    """ADE20K's scenes with 150 classes and unknown, S = 151.

    Any tree: of the files whose path contains ``_train_`` (or ``_val_`` for ``phase='test'``) every ``.jpg`` is
    an image and every ``.png`` of the same name its annotation.

    Annotations hold 0 for unknown and 1..150 for classes. As released, the map that reaches the network holds
    these numbers; the intended ones (0..149, 150 for unknown) come with ``reduce_zero_label``.

    Args:
        data_root: the tree.
        phase: ``'train'`` or ``'test'`` (the split val).
        reduce_zero_label: see above; released weights need False.
        pairing_check: whether the two names of a pair must be equal, but for the extension.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: files are missing, or do not form pairs.
    """

    NUM_CLASSES = 150

    def __init__(self, data_root: str | Path, phase: str = 'train', reduce_zero_label: bool = False,
                 pairing_check: bool = True, **kwargs) -> None:
        root = require_folder(data_root, 'the data set', ADE20K_PAGE)
        mark = f'_{require_phase(phase)}_'
        files = [path for path in files_below(root, ('.jpg', '.png')) if mark in os.path.relpath(path, root)]
        images, labels = ([path for path in files if path.lower().endswith(suffix)] for suffix in ('.jpg', '.png'))
        if not images or not labels:
            kind = 'image (.jpg)' if not images else 'annotation (.png)'
            raise DataError(f'{root}: holds no {kind} with {mark} in its path. {ADE20K_PAGE}')
        pairs = pair_in_order(labels, images, stem if pairing_check else None)
        super().__init__(root, pairs, LabelRule(self.NUM_CLASSES, True, reduce_zero_label), **kwargs)


def _city_key(path: str) -> str:
    """City, sequence and frame: ``aachen_000000_000019`` of both files of a pair."""
    return '_'.join(os.path.basename(path).split('_')[:3])


@DATASETS.register_module()
class CityscapesLabelDataset(PairedLabelDataset):
    """Cityscapes' street scenes with the 35 ids of its labelIds files.

    Layout of ``data_root``: ``gtFine/<split>/<city>/*_labelIds.png`` and ``leftImg8bit/<split>/<city>/*.png``.

    Args:
        data_root: the folder above.
        phase: ``'train'`` or ``'test'`` (the split val).
        pairing_check: whether the first three parts of the two names of a pair must be equal.
        instances: whether ``*_instanceIds.png`` are read, too, for a model with ``instance_edges``.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: files are missing, or do not form pairs.
    """

    NUM_CLASSES = 35

    def __init__(self, data_root: str | Path, phase: str = 'train', pairing_check: bool = True,
                 instances: bool = False, **kwargs) -> None:
        root = require_folder(data_root, 'the data set', CITYSCAPES_PAGE)
        split, name_of = require_phase(phase), _city_key if pairing_check else None
        maps = root / 'gtFine' / split
        labels = list_images(maps, 'the folder of label maps', CITYSCAPES_PAGE, ('_labelids.png',))
        images = list_images(root / 'leftImg8bit' / split, 'the folder of images', CITYSCAPES_PAGE, IMAGE_SUFFIXES)
        pairs = pair_in_order(labels, images, name_of)
        objects = None if not instances else in_order_of(pairs, list_images(
            maps, 'the folder of instance maps', CITYSCAPES_PAGE, ('_instanceids.png',)), name_of)
        super().__init__(root / 'leftImg8bit' / split, pairs, LabelRule(self.NUM_CLASSES), objects, **kwargs)


def listed_files(folder: Path, what: str, suffixes: tuple[str, ...]) -> list[str]:
    """Files of a folder: those of its ``files.list`` (one path a line, relative to the folder), else all.

    Raises:
        DataError: the folder is missing or empty, or a listed file is missing.
    """
    listing = folder / LISTING
    if not listing.is_file():
        return list_images(folder, what, FOLDERS, suffixes)
    lines = listing.read_text(encoding='utf-8', errors='replace').splitlines()
    files = [os.path.join(folder, line.strip()) for line in lines if line.strip()]
    if not files:
        raise DataError(f'{listing}: lists no file. Remove it, or write one path a line.')
    for number, path in enumerate(files, start=1):
        if not os.path.isfile(path):
            raise DataError(f'{listing}: line {number}: {path} is missing. Mend the list, or remove it.')
    return files


class _SplitFolders(PairedLabelDataset):
    """``<split>_label/`` and ``<split>_img/``, for facades and COCO-Stuff.

    Args:
        data_root: with the two folders.
        phase: ``'train'`` or ``'test'`` (the split val).
        pairing_check: whether the two names of a pair must be equal, but for the extension.
        instances: whether ``<split>_inst/`` is read, too.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: files are missing, or do not form pairs.
    """

    RULE: LabelRule
    TRAINING_EXTRAS: tuple[str, ...] = ()

    def __init__(self, data_root: str | Path, phase: str = 'train', pairing_check: bool = True,
                 instances: bool = False, **kwargs) -> None:
        root = require_folder(data_root, 'the data set', FOLDERS)
        split, name_of = require_phase(phase), stem if pairing_check else None
        extras = self.TRAINING_EXTRAS if split == 'train' else ()
        places = ['', *(extra for extra in extras if (root / f'{split}_label{extra}').is_dir())]

        def files(kind: str, what: str, suffixes: tuple[str, ...]) -> list[str]:
            return [path for place in places
                    for path in listed_files(root / f'{split}_{kind}{place}', f'the folder of {what}', suffixes)]

        pairs = pair_in_order(files('label', 'label maps', LABEL_SUFFIXES), files('img', 'images', IMAGE_SUFFIXES),
                              name_of)
        objects = None if not instances else in_order_of(
            pairs, files('inst', 'instance maps', LABEL_SUFFIXES), name_of)
        super().__init__(root, pairs, self.RULE, objects, **kwargs)


@DATASETS.register_module()
class COCOStuffDataset(_SplitFolders):
    """COCO-Stuff with 182 classes and unknown (255), S = 183.

    Layout of ``data_root``: ``train_label/``, ``train_img/``, ``val_label/``, ``val_img/``; in training also
    ``train_label_portrait/`` and ``train_img_portrait/`` where they are. Of a folder with a ``files.list`` only
    the files that it lists are used. With ``instances`` ``train_inst/`` and ``val_inst/`` hold a map of objects an
    image (in training also ``train_inst_portrait/``), which COCO's own annotations of objects give.

    Args:
        data_root, phase, pairing_check, instances, kwargs: see :class:`FacadesDataset`.

    Raises:
        DataError: files are missing, or do not form pairs.
    """

    RULE = LabelRule(182, has_unknown=True)
    TRAINING_EXTRAS = ('_portrait',)


@DATASETS.register_module()
class FacadesDataset(_SplitFolders):
    """CMP facades with 13 classes.

    Layout of ``data_root``: ``train_label/``, ``train_img/``, ``val_label/``, ``val_img/``.

    Args:
        data_root: the folder above.
        phase: ``'train'`` or ``'test'`` (the split val).
        pairing_check: whether the two names of a pair must be equal, but for the extension.
        instances: whether ``train_inst/`` and ``val_inst/`` are read, too, for a model with ``instance_edges``.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: files are missing, or do not form pairs.
    """

    RULE = LabelRule(13)
