"""Two folders of images that show two domains, not the same scenes."""
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..errors import ConfigError
from ..registry import DATASETS
from ..utils import require_folder
from .base import ZooDataset
from .image_files import keys_below, list_images

DIRECTIONS = ('AtoB', 'BtoA')
LAYOUT = 'Images of the two domains lie in <phase>A/ and <phase>B/, for training in trainA/ and trainB/.'


@DATASETS.register_module()
class UnpairedImageDataset(ZooDataset):
    """Images of two domains, in the layout of CycleGAN, CUT and MoNCE (CVPR 2022).

    Layout of ``data_root``, searched in all depths, links followed::

        trainA/  trainB/  testA/  testB/     .jpg .jpeg .png .ppm .bmp .tif .tiff

    Item i shows image i of domain A, which begins again where it has fewer images. In training
    the image of domain B is drawn anew each time, from what names the sample in the training
    stream; otherwise it is image i of domain B likewise.

    Records of the pipeline: ``img_a_path``, ``img_b_path``, ``key`` (place of the input
    image below its folder, without extension unless files differ in nothing else), ``gt_key`` (that of the
    target image).

    Args:
        data_root: the folder above.
        phase: ``'train'``, ``'test'``, or any other that has its two folders. ``'test'``
            takes ``valA/`` and ``valB/`` where there is no ``testA/``.
        direction: ``'AtoB'``; ``'BtoA'`` makes B the input (``img_a``) and A the target. CycleGAN's
            Cityscapes has photos in A and label maps in B, so labels to photos is ``'BtoA'``.
        max_dataset_size: at most so many images of each domain, the first ones.
        serial_batches: whether the image of B is number i; None: in all phases but ``'train'``.
        pipeline: see :class:`ZooDataset`.
        on_error: see :class:`ZooDataset`.

    Raises:
        DataError: a folder is missing or has no image.
        ConfigError: an argument has no meaning.
    """

    def __init__(self, data_root: str | Path, phase: str = 'train', direction: str = 'AtoB',
                 max_dataset_size: int | None = None, serial_batches: bool | None = None,
                 pipeline: Sequence[dict | Callable] = (), on_error: str = 'raise') -> None:
        if direction not in DIRECTIONS:
            raise ConfigError(f"direction={direction!r}: must be 'AtoB' or 'BtoA'.")
        if max_dataset_size is not None and max_dataset_size < 1:
            raise ConfigError(f'max_dataset_size={max_dataset_size}: must be at least 1, or None for all images.')
        root = require_folder(data_root, 'the data set', f'Set data_root. {LAYOUT}')
        if phase == 'test' and not (root / 'testA').is_dir() and (root / 'valA').is_dir():
            phase = 'val'
        self.direction = direction
        self.serial_batches = phase != 'train' if serial_batches is None else serial_batches
        self.folders = {domain: root / f'{phase}{domain}' for domain in 'AB'}
        self.paths = {domain: list_images(folder, f'the folder of domain {domain}', LAYOUT)[:max_dataset_size]
                      for domain, folder in self.folders.items()}
        self.keys = {domain: keys_below(self.paths[domain], folder) for domain, folder in self.folders.items()}
        super().__init__(pipeline, dict(dataset_name=Path(os.path.abspath(root)).name, direction=direction), on_error)

    def __len__(self) -> int:
        """The larger of the two numbers of images."""
        return max(map(len, self.paths.values()))

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        count_b = len(self.paths['B'])
        places = dict(A=index % len(self.paths['A']),
                      B=index % count_b if self.serial_batches else int(rng.randint(count_b)))
        source, target = 'AB' if self.direction == 'AtoB' else 'BA'
        paths, keys = ({domain: each[domain][places[domain]] for domain in 'AB'} for each in (self.paths, self.keys))
        return dict(img_a_path=paths[source], img_b_path=paths[target], key=keys[source], gt_key=keys[target])
