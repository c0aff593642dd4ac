"""Images with captions, in the layout of AttnGAN's metadata (CUB-200-2011, COCO 2014, your own)."""
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..errors import ConfigError, DataError
from ..registry import DATASETS
from ..utils import require_folder
from .base import ZooDataset
from .caption_files import SPLITS, CaptionData, build_caption_data, read_caption_data
from .caption_layout import METADATA, find_image, image_folders, read_boxes, read_class_ids, read_keys


@DATASETS.register_module()
class CaptionImageDataset(ZooDataset):
    """Images with C captions each; one index is one image.

    Layout of ``data_root``::

        captions.pickle             word ids and vocabulary; built from text/ when absent
        <split>/filenames.pickle    keys: file names without extension
        <split>/class_info.pickle   class ids; when absent each image is its own class
        text/<key>.txt              a caption per line, C or more
        CUB_200_2011/images/<key>.jpg, or images/, train2014/, val2014/
        CUB_200_2011/{images.txt,bounding_boxes.txt}    only with ``bbox``

    Records of the pipeline: ``img_path``, ``key``, ``class_id``, ``captions`` (C arrays of
    word ids), ``vocabulary``, ``max_words``, with ``bbox`` also ``bbox`` (x, y, width, height
    in pixels), with ``every_caption`` also ``caption_index``.

    Args:
        data_root: the folder above.
        split: ``'train'`` or ``'test'``.
        captions_per_image: C; CUB has 10, COCO 5.
        max_words: to which captions are cut or padded.
        image_dirs: where images are looked for, relative to ``data_root`` or absolute.
        bbox: whether to read bounding boxes (CUB).
        every_caption: one index is one caption, index = image * C + caption.
        pipeline: see :class:`ZooDataset`.
        on_error: see :class:`ZooDataset`.

    Raises:
        DataError: something is missing or does not fit; the message says what provides it.
    """

    def __init__(self, data_root: str | Path, split: str = 'train', captions_per_image: int = 10,
                 max_words: int = 18, image_dirs: Sequence[str] | None = None, bbox: bool = False,
                 every_caption: bool = False, pipeline: Sequence[dict | Callable] = (),
                 on_error: str = 'raise') -> None:
        if split not in SPLITS:
            raise ConfigError(f"split={split!r}: must be 'train' or 'test'.")
        if captions_per_image < 1:
            raise ConfigError(f'captions_per_image={captions_per_image}: must be at least 1.')
        self.data_root = require_folder(data_root, 'the data set', METADATA)
        self.captions_per_image = captions_per_image
        self.max_words = max_words
        self.every_caption = every_caption
        self.keys = read_keys(self.data_root, split)
        if not self.keys:
            raise DataError(f'{self.data_root / split / "filenames.pickle"}: lists no image. {METADATA}')
        self.class_ids = read_class_ids(self.data_root, split, len(self.keys))
        self.image_folders = image_folders(self.data_root, image_dirs)
        self.boxes = self._boxes_of_keys() if bbox else None
        captions = self._read_captions(split)
        self.captions = getattr(captions, split)
        self.vocabulary = captions.vocabulary
        metainfo = dict(dataset_name=Path(data_root).name, vocabulary=self.vocabulary.words, max_words=max_words)
        super().__init__(pipeline, metainfo, on_error)

    def _boxes_of_keys(self) -> list[tuple[int, int, int, int]]:
        boxes = read_boxes(self.data_root)
        missing = next((key for key in self.keys if key not in boxes), None)
        if missing is not None:
            raise DataError(f'{self.data_root}: images.txt does not list {missing}, so it has no '
                            'bounding box. Fetch CUB-200-2011 again, or set bbox=False.')
        return [boxes[key] for key in self.keys]

    def _read_captions(self, split: str) -> CaptionData:
        path = self.data_root / 'captions.pickle'
        if not path.is_file():
            return self._build_captions()
        captions = read_caption_data(path)
        other = SPLITS[1 - SPLITS.index(split)]
        counts = {split: len(self.keys)}
        if (self.data_root / other / 'filenames.pickle').is_file():
            counts[other] = len(read_keys(self.data_root, other))
        captions.check_counts(counts, self.captions_per_image, path)
        return captions

    def _build_captions(self) -> CaptionData:
        text_root = require_folder(self.data_root / 'text', 'the folder of captions (there is no '
                                   'captions.pickle either)', METADATA)
        print_log(f'{self.data_root}: no captions.pickle, building it in memory from text/; '
                  f'`python tools/prepare/build_vocabulary.py {self.data_root} --captions-per-image '
                  f'{self.captions_per_image}` writes it once and for all', 'current')
        return build_caption_data(text_root, *(read_keys(self.data_root, name) for name in SPLITS),
                                  self.captions_per_image)

    def __len__(self) -> int:
        """Number of images, or with ``every_caption`` of captions."""
        return len(self.keys) * (self.captions_per_image if self.every_caption else 1)

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says; raises DataError if the image is missing."""
        image, caption = divmod(index, self.captions_per_image) if self.every_caption else (index, None)
        first = image * self.captions_per_image
        record = dict(
            img_path=find_image(self.image_folders, self.keys[image]), key=self.keys[image],
            class_id=int(self.class_ids[image]), vocabulary=self.vocabulary, max_words=self.max_words,
            captions=[self.captions[first + number] for number in range(self.captions_per_image)])
        if self.boxes is not None:
            record['bbox'] = self.boxes[image]
        if caption is not None:
            record['caption_index'] = caption
        return record
