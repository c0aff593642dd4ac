"""The generated images as files."""
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine import dist
from mmengine.evaluator import BaseMetric
from PIL import Image
from torch import Tensor

from ..registry import METRICS
from ..utils import atomic_write, refuse_existing
from ..utils.label_maps import colour_labels
from .common import field_of, real_key


def _save(picture: np.ndarray, path: Path) -> None:
    with atomic_write(path) as file:
        Image.fromarray(picture).save(file, format='PNG')


def _picture(image: Tensor) -> np.ndarray:
    """(H, W, 3) uint8 of (3, H, W)."""
    return image.permute(1, 2, 0).cpu().numpy()


class ImageFolder(BaseMetric):
    """What metrics share that write images.

    Args:
        out_dir: where the files go.
        overwrite: whether it may hold something already.

    Raises:
        ConfigError: ``out_dir`` is not empty.
    """

    def __init__(self, out_dir: str | Path, overwrite: bool = False, **base_args) -> None:
        super().__init__(**base_args)
        self.out_dir = Path(out_dir).expanduser()
        if self.out_dir.is_dir():
            refuse_existing(sorted(self.out_dir.iterdir()), overwrite,
                            'Choose another out_dir or set overwrite=True.')
        dist.barrier()  # so that no process takes another's first image for an old one


@METRICS.register_module()
class SaveImages(ImageFolder):
    """Writes each generated image to ``<key>_c<caption index>_<sample index>.png``.

    A ``/`` of the key becomes ``_``. ``captions.json`` lists the files with ``key``, ``caption``,
    ``caption_index`` and ``sample_index``. Several images of one caption come from a
    :class:`~genzoo.datasets.RepeatedDataset`.

    Needs ``key``, ``caption``, ``caption_index`` and ``fake_img``; ``sample_index`` is 0 where absent.

    Args:
        out_dir, overwrite: see :class:`ImageFolder`.
    """

    default_prefix = 'SaveImages'

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Writes the images."""
        images = field_of(data_samples, 'fake_img', 'The model must generate one.')
        field_of(data_samples, 'caption', 'SaveTranslations writes images without captions.')
        for sample, image in zip(data_samples, images):
            entry = dict(key=sample['key'], caption=sample['caption'], caption_index=sample['caption_index'],
                         sample_index=sample.get('sample_index', 0))
            name = (f'{entry["key"].replace("/", "_")}_c{entry["caption_index"]}_'
                    f'{entry["sample_index"]}.png')
            _save(_picture(image), self.out_dir / name)
            self.results.append(dict(file=name, **entry))

    def compute_metrics(self, results: list[dict]) -> dict[str, int]:
        """Writes ``captions.json``; ``num_images`` is the number of files."""
        with atomic_write(self.out_dir / 'captions.json', 'w') as file:
            json.dump(results, file, indent=1)
        return dict(num_images=len({result['file'] for result in results}))


@METRICS.register_module()
class SaveTranslations(ImageFolder):
    """Writes translated images and what belongs to them, each kind to a folder, to ``<folder>/<key>.png``.

    8-bit PNG of what the model's ``predict`` gives as uint8. The real images of unpaired samples are named by
    ``gt_key``, all others by ``key``; what is before a ``/`` of it becomes a folder. Label maps are coloured, see
    :func:`~genzoo.utils.label_maps.colour_labels`.

    Args:
        out_dir, overwrite: see :class:`ImageFolder`.
        folders: the folder of each field of the data samples.
    """

    default_prefix = 'SaveTranslations'

    def __init__(self, out_dir: str | Path, folders: Mapping[str, str], overwrite: bool = False, **base_args) -> None:
        super().__init__(out_dir, overwrite, **base_args)
        self.folders = dict(folders)

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Writes the images."""
        for field, folder in self.folders.items():
            values = field_of(data_samples, field, 'Take it out of folders, or let the model give it.')
            for sample, value in zip(data_samples, values):
                name = real_key(sample) if field == 'gt_img' else sample['key']
                picture = colour_labels(value.cpu().numpy()) if field == 'label' else _picture(value)
                _save(picture, self.out_dir / folder / f'{name}.png')
        self.results += [sample['key'] for sample in data_samples]

    def compute_metrics(self, results: list[str]) -> dict[str, int]:
        """``num_images`` is the number of translated ones."""
        return dict(num_images=len(set(results)))
