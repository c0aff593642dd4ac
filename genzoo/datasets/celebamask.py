"""CelebAMask-HQ: faces with a map of their parts."""
import re
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..registry import DATASETS
from ..utils import require_file, require_folder
from .paired_label import PairedLabelDataset, require_phase
from .transforms.label import LabelRule

PARTS = ('skin', 'hair', 'l_brow', 'r_brow', 'l_eye', 'r_eye', 'l_ear', 'r_ear', 'nose', 'u_lip', 'mouth', 'l_lip',
         'neck', 'cloth', 'hat', 'eye_g', 'ear_r', 'neck_l')
"""Parts 1..18, as in the names of the mask files; 0 is the background, 16 are glasses."""
GLASSES = PARTS.index('eye_g') + 1
IMAGES = 'CelebA-HQ-img'
MASKS = 'CelebAMask-HQ-mask-anno'
PART_MAPS = 'all_parts_except_glasses'
PER_FOLDER = 2000
BUILD = 'tools/prepare/celebamask.py DATA_ROOT makes it of the masks of CelebAMask-HQ.'
PAGE = 'CelebAMask-HQ.zip provides it (https://github.com/switchablenorms/CelebAMask-HQ).'


def part_file(root: Path, index: int, part: str) -> Path:
    """The mask of a part of image ``index``: ``<i // 2000>/<i:05d>_<part>.png``."""
    return root / MASKS / str(index // PER_FOLDER) / f'{index:05d}_{part}.png'


def part_map_file(root: Path, index: int) -> Path:
    """The map of all parts but glasses of image ``index``."""
    return root / MASKS / PART_MAPS / f'{index:05d}.png'


def read_indices(path: Path) -> list[int]:
    """Image numbers, one a line; ``12.jpg`` is taken for 12.

    Raises:
        DataError: the list is missing or empty, or a line is no number.
    """
    require_file(path, 'the list of images', BUILD)
    indices = []
    for number, line in enumerate(path.read_text(encoding='utf-8', errors='replace').splitlines(), start=1):
        match = re.fullmatch(r'\s*([0-9]{1,9})(\.\w+)?\s*', line)
        if match:
            indices.append(int(match[1]))
        elif line.strip():
            raise DataError(f'{path}: line {number}: {line.strip()!r} is no number of an image. Write one a line.')
    if not indices:
        raise DataError(f'{path}: lists no image. {BUILD}')
    return indices


@DATASETS.register_module()
class CelebAMaskHQDataset(PairedLabelDataset):
    """CelebAMask-HQ's faces with 19 parts, S = 19.

    Layout of ``data_root``::

        CelebA-HQ-img/<i>.jpg
        CelebAMask-HQ-mask-anno/all_parts_except_glasses/<i:05d>.png
        CelebAMask-HQ-mask-anno/<i // 2000>/<i:05d>_eye_g.png    where there are glasses
        train.txt, val.txt                                       an index a line

    Records have besides ``glasses_path`` and ``glasses_class`` (16, or None for a channel of their own).

    As released, the label has two channels, the part and the mask of glasses (0 or 1), and both are set in one
    map of 19 channels: channel 0 is 1 wherever there are no glasses, channel 1 wherever there are. With
    ``glasses='class'`` it has one channel, in which glasses are part 16.

    Args:
        data_root: the folder above.
        phase: ``'train'`` or ``'test'`` (the list val.txt).
        glasses: ``'channel'``, which released weights need, or ``'class'``.
        kwargs: see :class:`PairedDataset`.

    Raises:
        DataError: a list is missing or broken, or a folder is missing.
        ConfigError: ``glasses`` is neither.
    """

    scale_may_differ = True  # images have 1024 pixels, masks 512

    def __init__(self, data_root: str | Path, phase: str = 'train', glasses: str = 'channel', **kwargs) -> None:
        if glasses not in ('channel', 'class'):
            raise ConfigError(f"glasses={glasses!r}: must be 'channel' (as released) or 'class'.")
        root = require_folder(data_root, 'the data set', PAGE)
        require_folder(root / IMAGES, 'the folder of images', PAGE)
        require_folder(root / MASKS / PART_MAPS, 'the folder of part maps', BUILD)
        indices = read_indices(root / f'{require_phase(phase)}.txt')
        pairs = [(str(part_map_file(root, index)), str(root / IMAGES / f'{index}.jpg')) for index in indices]
        self.glasses = glasses
        self.glasses_paths = [part_file(root, index, 'eye_g') for index in indices]
        super().__init__(root / IMAGES, pairs, LabelRule(len(PARTS) + 1), **kwargs)

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        return dict(super().record(index, rng), glasses_path=self.glasses_paths[index],
                    glasses_class=GLASSES if self.glasses == 'class' else None)
