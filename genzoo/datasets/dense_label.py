"""Images whose label is a tensor that the network takes as it is: key points, edges."""
import glob
import os
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..registry import DATASETS
from ..utils import require_file, require_folder
from .image_files import IMAGE_SUFFIXES, list_images
from .paired_label import PairedDataset, pair_in_order, require_phase, stem
from .transforms.dense_label import POSE_CHANNELS

POSE_LAYOUT = ('Images lie in img/, OpenPose\'s key points in pose/ under the same names with _candidate.txt and '
               '_subset.txt, and train.txt and val.txt list images, a path a line.')


@DATASETS.register_module()
class DenseLabelDataset(PairedDataset):
    """A folder of images and a folder of their labels, ``.npy`` files of numbers (S, H, W).

    Labels are resized with the image (bilinear) and otherwise not changed. CelebA-HQ's edges (15 channels) and
    whatever a released checkpoint was trained on come in this way.

    Args:
        label_dir: folder of labels.
        image_dir: folder of images.
        num_channels: S.
        pairing_check: whether the two names of a pair must be equal, but for the extension.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: a folder is missing or empty, or the files do not form pairs.
    """

    def __init__(self, label_dir: str | Path, image_dir: str | Path, num_channels: int, pairing_check: bool = True,
                 **kwargs) -> None:
        if num_channels < 1:
            raise ConfigError(f'num_channels={num_channels}: must be at least 1.')
        self.num_channels = num_channels
        labels = list_images(label_dir, 'the folder of labels', 'Set label_dir.', ('.npy',))
        images = list_images(image_dir, 'the folder of images', 'Set image_dir.')
        super().__init__(image_dir, pair_in_order(labels, images, stem if pairing_check else None), num_channels,
                         **kwargs)

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """As in the base class, and ``num_channels``."""
        return dict(super().record(index, rng), num_channels=self.num_channels)


CANDIDATE, SUBSET = '_candidate.txt', '_subset.txt'
"""How OpenPose's two files of an image end."""


def image_of_pose(candidate: Path) -> Path | None:
    """The image whose key points a file of a folder ``pose/`` has, in ``img/`` beside it; None if there is none."""
    *folders, name = candidate.absolute().parts
    if 'pose' not in folders:
        return None
    place = len(folders) - 1 - folders[::-1].index('pose')
    folder, own = Path(*folders[:place], 'img', *folders[place + 1:]), name.removesuffix(CANDIDATE)
    files = sorted(folder.glob(f'{glob.escape(own)}.*'))
    return next((file for file in files if file.suffix.lower() in IMAGE_SUFFIXES and file.stem == own), None)


@DATASETS.register_module()
class DeepFashionPoseDataset(PairedDataset):
    """DeepFashion's people, each with a skeleton drawn from OpenPose's key points, S = 20.

    Layout of ``data_root``, as CoCosNet's (the release of MoNCE has weights for it, but no data set, so the
    drawing need not be the one that they saw)::

        img/<name>.jpg
        pose/<name>_candidate.txt, pose/<name>_subset.txt
        train.txt, val.txt          paths of images, a line each, in this order

    Records: ``img_path``, ``key``, ``candidate_path``, ``subset_path``.

    Args:
        data_root: the folder above.
        phase: ``'train'`` or ``'test'`` (the list val.txt).
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: a folder or a list is missing, or a list is empty or leads out of the folder.
    """

    def __init__(self, data_root: str | Path, phase: str = 'train', **kwargs) -> None:
        root = require_folder(data_root, 'the data set', POSE_LAYOUT)
        images = require_folder(root / 'img', 'the folder of images', POSE_LAYOUT)
        poses = require_folder(root / 'pose', 'the folder of key points', POSE_LAYOUT)
        names = self._names(root / f'{require_phase(phase)}.txt')
        pairs = [(os.path.join(poses, os.path.splitext(name)[0]), os.path.join(images, name)) for name in names]
        super().__init__(images, pairs, POSE_CHANNELS, **kwargs)

    @staticmethod
    def _names(path: Path) -> list[str]:
        require_file(path, 'the list of images', POSE_LAYOUT)
        lines = [line.strip() for line in path.read_text(encoding='utf-8', errors='replace').splitlines()]
        names = [line.removeprefix('./').removeprefix('img/') for line in lines if line]
        if not names:
            raise DataError(f'{path}: lists no image. {POSE_LAYOUT}')
        outside = next((name for name in names if name.startswith('/') or '..' in name.split('/')), None)
        if outside is not None:
            raise DataError(f'{path}: {outside!r} does not stay in img/. Write paths relative to it.')
        return names

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        record = super().record(index, rng)
        pose = record.pop('label_path')
        return dict(record, candidate_path=pose + CANDIDATE, subset_path=pose + SUBSET)
