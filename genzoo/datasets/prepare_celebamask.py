"""From CelebAMask-HQ's masks of single parts to the maps and lists of :class:`CelebAMaskHQDataset`."""
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import ConfigError, DataError
from ..utils import atomic_write, remove_leftovers, require_folder
from .celebamask import GLASSES, IMAGES, MASKS, PAGE, PART_MAPS, PARTS, part_file, part_map_file, read_indices
from .prepare_parts import Progress, write_content
from .transforms.label import read_mask

NUM_VAL = 2000
"""Of CelebAMask-HQ's 30,000 images, the last ones; our choice, where CoCosNet's lists are not at hand."""


@dataclass
class PartMapReport:
    """What became of CelebAMask-HQ.

    Args:
        made: number of part maps that were made now.
        kept: number of those that an earlier run had made.
        skipped: image number and reason, of each that was left out.
        notes: what else the user should know.
    """

    made: int = 0
    kept: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self, root: str | Path, shown: int = 20) -> str:
        """Lines for the user.

        Args:
            root: of the data set.
            shown: how many skipped images are listed.
        """
        lines = [f'skipped {index}: {reason}' for index, reason in self.skipped[:shown]]
        if len(self.skipped) > shown:
            lines.append(f'... and {len(self.skipped) - shown} more')
        lines += self.notes
        lines.append(f'{root}: {self.made} part maps made, {self.kept} were there already, {len(self.skipped)} skipped')
        return '\n'.join(lines)


def overlaid_parts(root: Path, index: int) -> np.ndarray:
    """All parts of a face but glasses in one map, later ones of :data:`PARTS` over earlier ones.

    Args:
        root: of CelebAMask-HQ.
        index: of the image.

    Returns:
        (H, W) uint8, 0 for background.

    Raises:
        DataError: a mask is broken or of another size than the others, or there is none.
    """
    label = first = None
    for number, part in enumerate(PARTS, start=1):
        path = part_file(root, index, part)
        if number == GLASSES or not path.is_file():
            continue
        mask = read_mask(path)
        if label is None:
            label, first = np.zeros(mask.shape, np.uint8), path
        if mask.shape != label.shape:
            raise DataError(f'{path}: has {mask.shape[1]}x{mask.shape[0]} pixels, {first.name} '
                            f'{label.shape[1]}x{label.shape[0]}. Fetch it again. {PAGE}')
        label[mask] = number
    if label is None:
        raise DataError(f'{part_file(root, index, PARTS[0]).parent}: holds no mask of image {index}. {PAGE}')
    return label


def image_numbers(root: Path) -> list[int]:
    """Numbers of the images ``CelebA-HQ-img/<i>.jpg``, in order.

    Raises:
        DataError: there is none.
    """
    folder = require_folder(root / IMAGES, 'the folder of images', PAGE)
    numbers = sorted(int(path.stem) for path in folder.glob('*.jpg') if re.fullmatch('[0-9]{1,9}', path.stem))
    if not numbers:
        raise DataError(f'{folder}: holds no image <number>.jpg. {PAGE}')
    return numbers


def prepare_celebamask(data_root: str | Path, num_val: int = NUM_VAL, overwrite: bool = False,
                       progress: Progress = iter) -> PartMapReport:
    """Makes ``all_parts_except_glasses/`` and, where they are missing, ``train.txt`` and ``val.txt``.

    Each map appears whole or not at all; those that are there are not made again, so a stopped
    run goes on. Images without usable masks are reported and left out of the lists.

    Args:
        data_root: of CelebAMask-HQ, with ``CelebA-HQ-img/`` and ``CelebAMask-HQ-mask-anno/``.
        num_val: how many images are for validation, the last ones.
        overwrite: whether maps and lists that are there are made again.
        progress: wraps the iteration over the images, e.g. ``tqdm``.

    Raises:
        DataError: a folder is missing or has no image.
        ConfigError: ``num_val`` leaves a split empty.
    """
    root = require_folder(data_root, 'the data set', PAGE)
    require_folder(root / MASKS, 'the folder of masks', PAGE)
    numbers, report = image_numbers(root), PartMapReport()
    _require_both_splits(numbers, num_val)
    remove_leftovers(root / MASKS / PART_MAPS)
    usable = [index for index in progress(numbers) if _make(root, index, overwrite, report)]
    _write_lists(root, numbers, usable, num_val, overwrite, report)
    return report


def _require_both_splits(numbers: Sequence[int], num_val: int) -> None:
    if not 0 < num_val < len(numbers):
        raise ConfigError(f'--num-val {num_val}: must be at least 1 and less than the number of images, '
                          f'{len(numbers)}.')


def _make(root: Path, index: int, overwrite: bool, report: PartMapReport) -> bool:
    """Makes the map of an image; whether it has one."""
    target = part_map_file(root, index)
    if target.is_file() and not overwrite:
        report.kept += 1
        return True
    try:
        label = overlaid_parts(root, index)
    except DataError as error:
        report.skipped.append((index, str(error)))
        return False
    content = io.BytesIO()
    Image.fromarray(label).save(content, format='PNG')
    write_content(target, content.getvalue())
    report.made += 1
    return True


def _write_lists(root: Path, numbers: Sequence[int], usable: Sequence[int], num_val: int, overwrite: bool,
                 report: PartMapReport) -> None:
    paths = dict(train=root / 'train.txt', val=root / 'val.txt')
    kept = {split: read_indices(path) for split, path in paths.items() if path.is_file() and not overwrite}
    val = set(numbers[-num_val:])
    for split, path in paths.items():
        if split in kept:
            report.notes.append(f'{path}: kept as it is, {len(kept[split])} images')
            continue
        # Where the other list was given, or a killed run has written it, this one has all the rest.
        others = set().union(*kept.values()) if kept else set(numbers) - val if split == 'val' else val
        indices = [index for index in usable if index not in others]
        with atomic_write(path, 'w', encoding='utf-8') as file:
            file.writelines(f'{index}\n' for index in indices)
        report.notes.append(f'{path}: {len(indices)} images')
