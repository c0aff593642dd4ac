"""Captions to images."""
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from tqdm import tqdm

from ...datasets import Vocabulary
from ...datasets.caption_files import read_caption_data
from ...errors import ConfigError, DataError
from ...registry import INFERENCERS
from ...utils import atomic_write, require_file
from ...visualization import image_grid, mask_to_image, save_image
from .base import Inferencer, batches, refuse_existing

NAME_LENGTH = 40  # characters of a caption that a file's name keeps


def file_stem(number: int, caption: str, sample: int) -> str:
    """Name of an image's file, without ending: caption number, caption, sample number."""
    words = re.sub(r'[^a-z0-9]+', '-', caption.lower()).strip('-')[:NAME_LENGTH].strip('-')
    return f'{number:04d}_{words}_{sample:03d}'


def truncated_normal(rows: int, size: int, truncation: float | None, generator: torch.Generator) -> Tensor:
    """Standard normal noise (rows, size); values beyond ``truncation`` are drawn again.

    Raises:
        ConfigError: ``truncation`` is not positive.
    """
    if truncation is not None and truncation <= 0:
        raise ConfigError(f'--truncation {truncation}: must be positive, e.g. 1.0')
    noise = torch.randn(rows, size, generator=generator)
    while truncation is not None and (outside := noise.abs() > truncation).any():
        noise[outside] = torch.randn(int(outside.sum()), generator=generator)
    return noise


@INFERENCERS.register_module()
class TextToImageInferencer(Inferencer):
    """Images for captions, with SSA-GAN.

    Args:
        config: config file of the model.
        checkpoint: its weights: a checkpoint of training, or what tools/convert_checkpoint.py made of
            released files.
        captions_pickle: captions.pickle whose vocabulary the text encoder was trained with; only
            needed where the checkpoint does not carry the vocabulary.
        device: auto, cpu, cuda, ...
    """

    slug = 'ssagan'

    def __init__(self, config: Path = Path('configs/ssagan/ssagan_cub.py'),
                 checkpoint: Path = Path('checkpoints/ssagan_cub.pth'),
                 captions_pickle: Path | None = None, device: str = 'auto') -> None:
        super().__init__(config, checkpoint, device)
        self.vocabulary = self._read_vocabulary(captions_pickle)
        self.model.check_dataset(dict(vocabulary=self.vocabulary.words, source=captions_pickle or checkpoint))

    def _read_vocabulary(self, captions_pickle: Path | None) -> Vocabulary:
        if captions_pickle is not None:
            return read_caption_data(require_file(captions_pickle, 'the vocabulary', 'Check the path.')).vocabulary
        words = self.model.dataset_meta.get('vocabulary')
        if not words:
            raise DataError(f'{self.checkpoint}: carries no vocabulary. Give --captions-pickle, the captions.pickle '
                            'of the data set that the text encoder was trained on.')
        return Vocabulary(list(words))

    def __call__(self, text: Sequence[str] = (), captions_file: Path | None = None, num: int = 1,
                 out_dir: Path | None = None, masks: bool = False, mask_stages: Sequence[int] = (),
                 seed: int = 0, same_noise: bool = False, truncation: float | None = None,
                 unknown_words: Literal['drop', 'error'] = 'drop', batch_size: int = 16,
                 overwrite: bool = False, progress: bool = True) -> list[dict]:
        """
        Args:
            text: captions.
            captions_file: a text file with one caption a line, in addition to ``text``.
            num: images for each caption, each from a noise of its own.
            out_dir: where PNG files, a sheet of all images and results.json go. Without it, from
                Python, nothing is written.
            masks: also save the masks.
            mask_stages: sizes in pixels of the masks to save, e.g. 64 256; all if not given.
            seed: of the noise.
            same_noise: the same noises for every caption, to compare captions.
            truncation: draws values of the noise beyond this again; less varied, often cleaner images.
            unknown_words: drop words that the vocabulary lacks, with a warning, or stop with an error.
            batch_size: images at a time.
            overwrite: replace files of an earlier call.
            progress: show a progress bar.

        Returns:
            One dict an image: ``caption``, ``sample``, ``image`` (3, H, W) uint8, ``masks`` (list of
            (1, s, s) float), and ``path`` if it was written.

        Raises:
            ConfigError: an option is wrong, or a file exists already.
            DataError: no caption, an empty one, or one of unknown words alone.
        """
        captions = self._captions(text, captions_file)
        if num < 1:
            raise ConfigError(f'--num {num}: must be at least 1')
        ids = [self.vocabulary.encode(caption, unknown_words) for caption in captions]
        items = [dict(caption=caption, sample=sample, number=number, ids=ids[number])
                 for number, caption in enumerate(captions) for sample in range(num)]
        stages = self._mask_stages(mask_stages) if masks or mask_stages else []
        if out_dir is not None:
            refuse_existing(self._paths(items, Path(out_dir), stages), overwrite)
        noise = self._noise(len(captions), num, seed, same_noise, truncation)
        results = []
        for batch in tqdm(list(batches(list(zip(items, noise)), batch_size)), disable=not progress,
                          desc='images', unit='batch'):
            results += self._generate(batch)
        if out_dir is not None:
            self._write(results, Path(out_dir), stages)
        return results

    @staticmethod
    def _captions(text: Sequence[str], captions_file: Path | None) -> list[str]:
        captions = [text] if isinstance(text, str) else list(text)
        if captions_file is not None:
            path = require_file(captions_file, 'the file of captions', 'Give a text file, one caption a line.')
            try:
                captions += [line.strip() for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
            except UnicodeDecodeError as error:
                raise DataError(f'{path}: not a UTF-8 text file ({error.reason}).') from error
        if not captions:
            raise DataError('no caption was given. Use --text "a small bird with a red head" or --captions-file.')
        return captions

    def _mask_stages(self, asked: Sequence[int]) -> list[int]:
        """Indices of the masks to save."""
        sizes = [4 * 2**number for number in range(len(self.model.network('generator').blocks))]
        for size in asked:
            if size not in sizes:
                raise ConfigError(f'--mask-stages {size}: the masks have {", ".join(map(str, sizes))} pixels')
        return [sizes.index(size) for size in asked or sizes]

    def _noise(self, captions: int, num: int, seed: int, same: bool, truncation: float | None) -> Tensor:
        size = self.model.network('generator').noise_size
        generator = torch.Generator().manual_seed(seed)
        noise = truncated_normal(num if same else captions * num, size, truncation, generator)
        return noise.repeat(captions, 1) if same else noise

    def _generate(self, batch: Sequence[tuple[dict, Tensor]]) -> list[dict]:
        items, noise = zip(*batch)
        longest = max(len(item['ids']) for item in items)
        ids = torch.tensor([item['ids'] + [0] * (longest - len(item['ids'])) for item in items])
        inputs = dict(caption_ids=ids, caption_length=torch.tensor([len(item['ids']) for item in items]),
                      noise=torch.stack(noise))
        samples = self.model.val_step(dict(inputs=inputs, data_samples=None))
        return [dict(caption=item['caption'], sample=item['sample'], number=item['number'],
                     image=sample.fake_img, masks=sample.masks) for item, sample in zip(items, samples)]

    @staticmethod
    def _stem(item: dict) -> str:
        return file_stem(item['number'], item['caption'], item['sample'])

    def _paths(self, items: Sequence[dict], out_dir: Path, stages: Sequence[int]) -> list[Path]:
        stems = [self._stem(item) for item in items]
        return [out_dir / name for stem in stems
                for name in (f'{stem}.png', *(f'{stem}_mask_{4 * 2**stage}.png' for stage in stages))
                ] + [out_dir / 'results.json', out_dir / 'sheet.png']

    def _write(self, results: list[dict], out_dir: Path, stages: Sequence[int]) -> None:
        for result in results:
            stem = self._stem(result)
            result['path'] = out_dir / f'{stem}.png'
            save_image(result['image'], result['path'])
            for stage in stages:
                save_image(mask_to_image(result['masks'][stage]), out_dir / f'{stem}_mask_{4 * 2**stage}.png')
        per_caption = 1 + max(result['sample'] for result in results)
        sheet = image_grid([result['image'] for result in results], [result['caption'] for result in results],
                           columns=per_caption)
        save_image(sheet, out_dir / 'sheet.png')
        with atomic_write(out_dir / 'results.json', 'w') as file:
            json.dump([dict(file=result['path'].name, caption=result['caption'], sample=result['sample'])
                       for result in results], file, indent=1)
