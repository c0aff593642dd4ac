"""The generated images as files."""
import json
from collections.abc import Sequence
from pathlib import Path

from mmengine import dist
from mmengine.evaluator import BaseMetric
from PIL import Image
from torch import Tensor

from ..registry import METRICS
from ..utils import atomic_write, refuse_existing
from .common import field_of


def _save(image: Tensor, path: Path) -> None:
    with atomic_write(path) as file:
        Image.fromarray(image.permute(1, 2, 0).cpu().numpy()).save(file, format='PNG')


@METRICS.register_module()
class SaveImages(BaseMetric):
    """Writes each generated image to ``<key>_c<caption index>_<sample index>.png``.

    A ``/`` of the key becomes ``_``. ``captions.json`` lists the files with ``key``, ``caption``,
    ``caption_index`` and ``sample_index``. Several images of one caption come from a
    :class:`~genzoo.datasets.RepeatedDataset`.

    Needs ``key``, ``caption``, ``caption_index`` and ``fake_img``; ``sample_index`` is 0 where absent.

    Args:
        out_dir: where the files go.
        overwrite: whether it may hold something already.

    Raises:
        ConfigError: ``out_dir`` is not empty.
    """

    default_prefix = 'SaveImages'

    def __init__(self, out_dir: str | Path, overwrite: bool = False, **base_args) -> None:
        super().__init__(**base_args)
        self.out_dir = Path(out_dir).expanduser()
        if self.out_dir.is_dir():
            refuse_existing(sorted(self.out_dir.iterdir()), overwrite,
                            'Choose another out_dir or set overwrite=True.')
        dist.barrier()  # so that no process takes another's first image for an old one

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Writes the images."""
        images = field_of(data_samples, 'fake_img', 'The model must generate one.')
        for sample, image in zip(data_samples, images):
            entry = dict(key=sample['key'], caption=sample['caption'], caption_index=sample['caption_index'],
                         sample_index=sample.get('sample_index', 0))
            name = (f'{entry["key"].replace("/", "_")}_c{entry["caption_index"]}_'
                    f'{entry["sample_index"]}.png')
            _save(image, self.out_dir / name)
            self.results.append(dict(file=name, **entry))

    def compute_metrics(self, results: list[dict]) -> dict[str, int]:
        """Writes ``captions.json``; ``num_images`` is the number of files."""
        with atomic_write(self.out_dir / 'captions.json', 'w') as file:
            json.dump(results, file, indent=1)
        return dict(num_images=len({result['file'] for result in results}))
