"""Photographs to photographs of another domain, and label maps to photographs."""
from collections.abc import Iterator
from functools import wraps
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ...datasets.celebamask import PART_MAPS, part_file
from ...datasets.image_files import IMAGE_SUFFIXES
from ...datasets.paired_label import LABEL_SUFFIXES
from ...datasets.transforms.image import load_image, to_array
from ...datasets.transforms.label import LabelRule, read_part_mask
from ...errors import ConfigError, DataError
from ...models.monce.cut import SMALLEST
from ...models.monce.semantics import require_labels
from ...registry import INFERENCERS
from ...utils import require_file
from ...utils.label_maps import colour_labels, read_label
from ..config import load_config
from .base import Inferencer
from .pictures import PictureInferencer

ARRAY_SUFFIXES = ('.npy', '.npz')
GLASSES_MODES = ('multi_hot', 'one_hot_glasses')


class ImageTranslationInferencer(PictureInferencer):
    """Translates images into another domain, at any size.

    Args:
        config, checkpoint, device: see :class:`PictureInferencer`.
    """

    slug = 'monce'
    suffixes = IMAGE_SUFFIXES

    def read(self, path: Path, size: int | None, max_side: int | None) -> Tensor:
        """The picture, upright, (3, H, W) uint8."""
        image = load_image(path, upright=True)
        if size is not None:
            image = image.resize((size, size), Image.Resampling.BICUBIC)
        if max_side is not None and max(image.size) > max_side:
            scaled = (max(1, round(side * max_side / max(image.size))) for side in image.size)
            image = image.resize(tuple(scaled), Image.Resampling.BICUBIC)
        if min(image.size) < SMALLEST:
            remedy = 'Enlarge it.' if size is None and max_side is None else 'Give a larger --size or --max-side.'
            raise DataError(f'{path}: {image.width}x{image.height} pixels are too few; both sides must have at least '
                            f'{SMALLEST}. {remedy}')
        return torch.from_numpy(to_array(image))

    def predict(self, batch: Tensor) -> list[Tensor]:
        """See the base class."""
        samples = self.model.val_step(dict(inputs=dict(img_a=batch), data_samples=None))
        return [sample.fake_img for sample in samples]

    def source_picture(self, value: Tensor) -> Tensor:
        """The photograph."""
        return value


class LabelToImageInferencer(PictureInferencer):
    """Makes an image of each label map.

    Of a picture the grey values or palette indices are the classes, numbered as in the model's data set, whose
    :class:`~genzoo.datasets.transforms.LabelRule` is followed where the checkpoint carries it; the masks of glasses of
    CelebAMask-HQ are found in its layout. ``.npy`` and ``.npz`` hold (H, W) or (L, H, W): integers are classes as the
    network sees them, floats are dense maps.

    Pictures go to ``synthesized_image/``, the label maps in colours to ``input_label/``.

    Args:
        config, checkpoint, device: see :class:`PictureInferencer`.
        instance_dir: for models with ``instance_edges``: folder of an instance map for each label map, of its
            name (of Cityscapes' ``*_labelIds.png``: ``*_instanceIds.png``).

    Raises:
        ConfigError: ``instance_dir`` is missing, or given to a model that has no use for it.
    """

    slug = 'monce'
    suffixes = (*LABEL_SUFFIXES, *ARRAY_SUFFIXES)
    folders = ('synthesized_image', 'input_label')

    def __init__(self, config: Path, checkpoint: Path | None = None, device: str = 'auto',
                 instance_dir: Path | None = None) -> None:
        super().__init__(config, checkpoint, device)
        self.reads_instances = bool(getattr(self.model, 'instance_edges', False))
        if self.reads_instances and instance_dir is None:
            raise ConfigError(f'{config}: its model reads the edges of instances. Give --instance-dir, a folder of '
                              'instance maps of the same names as the label maps.')
        if instance_dir is not None and not self.reads_instances:
            raise ConfigError(f'--instance-dir {instance_dir}: the model of {config} reads no instance maps. '
                              'Leave it out.')
        self.instance_dir = instance_dir

    def read(self, path: Path, size: int | None, max_side: int | None) -> Tensor:
        """The label map at the model's size, (L, H, W), int64 or, if dense, float32; the instance map comes last."""
        if max_side is not None:
            raise ConfigError('--max-side: is for photographs; the sizes of label maps follow the model. Leave it out.')
        suffix = path.suffix.lower()
        if suffix not in self.suffixes:
            raise DataError(f'{path}: is no label map, which ends in {", ".join(self.suffixes)}. This model makes '
                            'images of label maps; give a config of unpaired translation for photographs.')
        label = torch.from_numpy(read_array(path) if suffix in ARRAY_SUFFIXES else self._read_picture(path))
        require_labels(label[None], self.model.num_classes, self.model.label_mode, [str(path)])
        if self.reads_instances:
            label = torch.cat([label, self._read_instance(path, label.shape[1:]).to(label.dtype)])
        shape = self._shape(size)
        return label if shape is None else resize_label(label, shape)

    def _read_picture(self, path: Path) -> np.ndarray:
        """(L, H, W) int64."""
        label, rule = read_label(path), self.model.dataset_meta.get('label_rule')
        label = label if rule is None else LabelRule(**rule)(label, path)
        glasses = [read_glasses(path, label.shape)] if self.model.label_mode in GLASSES_MODES else []
        return np.stack([label, *glasses]).astype(np.int64)

    def _read_instance(self, path: Path, shape: tuple[int, int]) -> Tensor:
        """(1, H, W) int32."""
        file = Path(self.instance_dir) / f'{path.stem.replace("_labelIds", "_instanceIds")}.png'  # as Cityscapes has it
        instance = read_label(file, 'the instance map')
        if instance.shape != tuple(shape):
            raise DataError(f'{file}: has {instance.shape[1]}x{instance.shape[0]} pixels, its label map {path} '
                            f'{shape[1]}x{shape[0]}. Both must show the same.')
        return torch.from_numpy(instance)[None]

    def _shape(self, size: int | None) -> tuple[int, int] | None:
        """Height and width that the generator was built for, or else those asked for, if any."""
        made = getattr(self.model.network('generator'), 'image_size', None)
        if None not in (made, size) and made != (size, size):
            raise ConfigError(f'--size {size}: the model makes images of {made[1]}x{made[0]} pixels only. Leave it '
                              'out; label maps get that size.')
        return made or (size and (size, size))

    def predict(self, batch: Tensor) -> list[Tensor]:
        """See the base class."""
        inputs = dict(label=batch[:, :-1], instance=batch[:, -1:]) if self.reads_instances else dict(label=batch)
        samples = self.model.val_step(dict(inputs=inputs, data_samples=None))
        return [sample.fake_img.cpu() for sample in samples]

    def source_picture(self, value: Tensor) -> Tensor:
        """The label map in colours."""
        label = value[:-1] if self.reads_instances else value
        return torch.from_numpy(colour_labels(label.numpy())).permute(2, 0, 1)

    def pictures(self, result: dict) -> list[Tensor]:
        """The image and the label map in colours."""
        return [result['image'], result['source_image']]


def read_glasses(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """The mask of glasses of a part map in CelebAMask-HQ's layout.

    Args:
        path: of the part map, ``.../all_parts_except_glasses/<i:05d>.png``; elsewhere nobody wears glasses.
        shape: height and width of the part map.

    Returns:
        (H, W) bool.

    Raises:
        DataError: the mask is broken or has another size.
    """
    in_layout = path.parent.name == PART_MAPS and path.stem.isdecimal()
    file = part_file(path.absolute().parents[2], int(path.stem), 'eye_g') if in_layout else None
    return read_part_mask(file, shape, path)


def resize_label(label: Tensor, shape: tuple[int, int]) -> Tensor:
    """A label map (L, H, W) at ``shape`` (height, width): classes by nearest neighbour, dense ones bilinearly."""
    if label.is_floating_point():
        return F.interpolate(label[None], size=shape, mode='bilinear', antialias=True)[0]
    return F.interpolate(label[None].double(), size=shape, mode='nearest-exact')[0].to(label.dtype)


def read_array(path: Path) -> np.ndarray:
    """A label map of a NumPy file.

    Args:
        path: ``.npy``, or ``.npz`` with one array, (H, W) or (L, H, W), of integers or floats.

    Returns:
        (L, H, W), int64 or float32.

    Raises:
        DataError: it is missing, broken, of another shape, or would have to be unpickled.
    """
    path = require_file(path, 'the label map', 'Check the path.')
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.lib.npyio.NpzFile):
            (content,) = (content[name] for name in content.files)
    except Exception as error:  # a broken file raises nearly anything
        reason = str(error).split('\n')[0] if 'pickle' not in str(error) else 'no numbers'
        raise DataError(f'{path}: no NumPy file of one array ({reason}). Save one array with numpy.save.') from error
    kind = np.float32 if np.issubdtype(content.dtype, np.floating) else np.int64
    if content.ndim not in (2, 3) or content.dtype.kind not in 'biuf' or 0 in content.shape:
        raise DataError(f'{path}: holds {content.dtype} of shape {content.shape}, but a label map is (H, W) or '
                        '(L, H, W), of integers or floats. Convert it.')
    return content.astype(kind).reshape(-1, *content.shape[-2:])


KINDS = {'CUT': ImageTranslationInferencer, 'SPADEModel': LabelToImageInferencer}
"""The inferencer of each type of model."""


@INFERENCERS.register_module()
class MoNCEInferencer(Inferencer):
    """Translated images, with MoNCE: of photographs or of label maps, whichever the config's model takes.

    Args:
        config: config file of the model.
        checkpoint: its weights; by default checkpoints/<name of the config>.pth.
        device: auto, cpu, cuda, ...
        instance_dir: for models with instance_edges: folder of an instance map (PNG) for each label map, of its name.

    Raises:
        ConfigError: the config's model is of another paper, or has no use for ``instance_dir``.
    """

    slug = 'monce'

    def __init__(self, config: Path = Path('configs/monce/monce_cut_horse2zebra.py'), checkpoint: Path | None = None,
                 device: str = 'auto', instance_dir: Path | None = None) -> None:
        kind = str((load_config(config).get('model') or {}).get('type')).rpartition('.')[2]
        if kind not in KINDS:
            raise ConfigError(f'{config}: its model is {kind}; must be {" or ".join(KINDS)}. Choose a config of '
                              'configs/monce.')
        if instance_dir is not None and KINDS[kind] is not LabelToImageInferencer:
            raise ConfigError(f'--instance-dir {instance_dir}: is for models of label maps, {config} has {kind}. '
                              'Leave it out.')
        more = {} if instance_dir is None else dict(instance_dir=instance_dir)
        self.chosen = KINDS[kind](config, checkpoint, device, **more)
        self.model, self.checkpoint = self.chosen.model, self.chosen.checkpoint

    @wraps(PictureInferencer.stream)
    def stream(self, *args, **options) -> Iterator[dict]:
        """See :meth:`PictureInferencer.stream`."""
        return self.chosen.stream(*args, **options)
