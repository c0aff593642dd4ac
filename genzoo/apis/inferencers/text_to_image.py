"""Captions to images."""
import json
import logging
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import torch
from mmengine.logging import print_log
from torch import Tensor
from tqdm import tqdm

from ...datasets import Vocabulary, sample_rng
from ...datasets.caption_files import read_caption_data
from ...datasets.transforms import pad_or_subsample
from ...errors import ConfigError, DataError
from ...registry import INFERENCERS
from ...utils import atomic_write, require_file, require_writable
from ...visualization import image_grid, mask_to_image, save_image
from .base import Inferencer, batches

NAME_LENGTH = 40  # characters of a caption that a file's name keeps
MAX_WORDS = 18  # of a caption, where the checkpoint does not say it
SHEET_IMAGES = 64  # the first ones; a sheet of thousands could be opened by no viewer
SHEET_SIDE = 8
SHOWN_LETTERS = 200  # of a caption, in a warning
MAX_SEED = 2**63


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


def sheet_columns(images: int, num: int) -> int:
    """Images in a row of a sheet: those of one caption, of several captions where rows would be many.

    Args:
        images: on the sheet.
        num: images a caption.
    """
    captions = -(-images // num)
    return min(num, SHEET_SIDE) * -(-captions // SHEET_SIDE)


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
        compile: compile the generator first (torch.compile; needs a C++ compiler): a minute or two once,
            worth it for hundreds of images.
    """

    slug = 'ssagan'

    def __init__(self, config: Path = Path('configs/ssagan/ssagan_cub.py'),
                 checkpoint: Path = Path('checkpoints/ssagan_cub.pth'),
                 captions_pickle: Path | None = None, device: str = 'auto', compile: bool = False) -> None:
        super().__init__(config, checkpoint, device)
        self.vocabulary = self._read_vocabulary(captions_pickle)
        self.model.check_dataset(dict(vocabulary=self.vocabulary.words, source=captions_pickle or checkpoint))
        self.max_words = self.model.dataset_meta.get('max_words') or MAX_WORDS
        self.model.prepare_inference(compile)

    def _read_vocabulary(self, captions_pickle: Path | None) -> Vocabulary:
        if captions_pickle is not None:
            return read_caption_data(require_file(captions_pickle, 'the vocabulary', 'Check the path.')).vocabulary
        words = self.model.dataset_meta.get('vocabulary')
        if not words:
            raise DataError(f'{self.checkpoint}: carries no vocabulary. Give --captions-pickle, the captions.pickle '
                            'of the data set that the text encoder was trained on.')
        return Vocabulary(list(words))

    def stream(self, text: Sequence[str] = (), captions_file: Path | None = None, num: int = 1,
               out_dir: Path | None = None, masks: bool = False, mask_stages: Sequence[int] = (),
               seed: int = 0, same_noise: bool = False, truncation: float | None = None,
               unknown_words: Literal['drop', 'error'] = 'drop', batch_size: int = 16,
               overwrite: bool = False, progress: bool = True) -> Iterator[dict]:
        """
        Args:
            text: captions.
            captions_file: a text file with one caption a line, in addition to ``text``.
            num: images for each caption, each from a noise of its own.
            out_dir: where PNG files, a sheet of the first 64 images and results.json go. Without it,
                from Python, nothing is written.
            masks: also save the masks.
            mask_stages: sizes in pixels of the masks to save, e.g. 64 256; all if not given.
            seed: of the noise, and of the words that a caption which is too long keeps.
            same_noise: the same noises for every caption, to compare captions.
            truncation: draws values of the noise beyond this again; less varied, often cleaner images.
            unknown_words: drop words that the vocabulary lacks, with a warning, or stop with an error.
            batch_size: images at a time.
            overwrite: replace files of an earlier call.
            progress: show a progress bar.

        Yields:
            One dict an image: ``caption``, ``sample``, ``image`` (3, H, W) uint8, ``masks`` (those
            asked for, (1, s, s) float), and ``path`` if it was written.

        Raises:
            ConfigError: an option is wrong, or a file exists already.
            DataError: no caption, an empty one, or one of unknown words alone.
        """
        captions = self._captions(text, captions_file)
        if num < 1:
            raise ConfigError(f'--num {num}: must be at least 1')
        if not 0 <= seed < MAX_SEED:
            raise ConfigError(f'--seed {seed}: must be at least 0 and less than 2^63')
        if batch_size < 1:
            raise ConfigError(f'--batch-size {batch_size}: must be at least 1')
        if out_dir is not None and Path(out_dir).is_file():
            raise ConfigError(f'--out-dir {out_dir}: is a file. Choose a folder.')
        items = [dict(caption=caption, sample=sample, number=number, ids=ids)
                 for number, (caption, ids) in enumerate(zip(captions, self._encode(captions, unknown_words, seed)))
                 for sample in range(num)]
        sizes = self._mask_sizes(mask_stages) if masks or mask_stages else {}
        if out_dir is not None:
            require_writable(self._paths(items, Path(out_dir), sizes), overwrite,
                             'Choose another --out-dir or give --overwrite.')
        noise = self._noise(len(captions), num, seed, same_noise, truncation)
        results = self._results(list(batches(list(zip(items, noise)), batch_size)), sizes, progress)
        yield from results if out_dir is None else self._written(results, Path(out_dir), num)

    @staticmethod
    def _captions(text: Sequence[str], captions_file: Path | None) -> list[str]:
        captions = [text] if isinstance(text, str) else list(text)
        if captions_file is not None:
            path = require_file(captions_file, 'the file of captions', 'Give a text file, one caption a line.')
            try:
                captions += [line.strip() for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
            except UnicodeDecodeError as error:
                raise DataError(f'{path}: not a UTF-8 text file ({error.reason} at byte {error.start}). '
                                'Save it as UTF-8.') from error
        if not captions:
            empty = f', and {captions_file} holds none' if captions_file else ''
            raise DataError(f'no caption was given{empty}. Use --text "a small bird with a red head" or '
                            '--captions-file.')
        return captions

    def _encode(self, captions: Sequence[str], unknown_words: str, seed: int) -> list[tuple[Tensor, int]]:
        """Padded word ids (max_words,) and length of each caption; of a longer one some words are left out."""
        encoded = []
        for number, caption in enumerate(captions):
            ids = self.vocabulary.encode(caption, unknown_words)
            padded, length = pad_or_subsample(ids, self.max_words, sample_rng(seed, number))
            if len(ids) > length:
                shown = textwrap.shorten(caption, SHOWN_LETTERS, placeholder=' ...')
                print_log(f'caption {shown!r}: {len(ids)} words, but the model takes {length}; drawn from: '
                          f'{self.vocabulary.decode(padded)!r}', 'current', logging.WARNING)
            encoded.append((torch.from_numpy(padded), length))
        return encoded

    def _mask_sizes(self, asked: Sequence[int]) -> dict[int, int]:
        """Sizes in pixels of the masks to save, and their places among all."""
        sizes = [4 * 2**number for number in range(len(self.model.network('generator').blocks))]
        for size in asked:
            if size not in sizes:
                raise ConfigError(f'--mask-stages {size}: the masks have {", ".join(map(str, sizes))} pixels')
        return {size: sizes.index(size) for size in asked or sizes}

    def _noise(self, captions: int, num: int, seed: int, same: bool, truncation: float | None) -> Tensor:
        size = self.model.network('generator').noise_size
        generator = torch.Generator().manual_seed(seed)
        noise = truncated_normal(num if same else captions * num, size, truncation, generator)
        return noise.repeat(captions, 1) if same else noise

    def _results(self, parts: Sequence, sizes: dict[int, int], progress: bool) -> Iterator[dict]:
        for batch in tqdm(parts, disable=not progress, desc='images', unit='batch'):
            items, noise = zip(*batch)
            ids, lengths = zip(*(item['ids'] for item in items))
            inputs = dict(caption_ids=torch.stack(ids), caption_length=torch.tensor(lengths),
                          noise=torch.stack(noise))
            samples = self.model.val_step(dict(inputs=inputs, data_samples=None))
            for item, sample in zip(items, samples):
                yield dict(caption=item['caption'], sample=item['sample'], number=item['number'],
                           image=sample.fake_img, masks=[sample.masks[place] for place in sizes.values()])

    @staticmethod
    def _stem(item: dict) -> str:
        return file_stem(item['number'], item['caption'], item['sample'])

    def _paths(self, items: Sequence[dict], out_dir: Path, sizes: Sequence[int]) -> list[Path]:
        stems = [self._stem(item) for item in items]
        return [out_dir / name for stem in stems
                for name in (f'{stem}.png', *(f'{stem}_mask_{size}.png' for size in sizes))
                ] + [out_dir / 'results.json', out_dir / 'sheet.png']

    def _written(self, results: Iterator[dict], out_dir: Path, num: int) -> Iterator[dict]:
        """``results``, each written before the next one is made; at the end the sheet and the index."""
        shown, index = [], []
        for result in results:
            stem = self._stem(result)
            result['path'] = out_dir / f'{stem}.png'
            save_image(result['image'], result['path'])
            for mask in result['masks']:
                save_image(mask_to_image(mask), out_dir / f'{stem}_mask_{mask.shape[-1]}.png')
            if len(shown) < SHEET_IMAGES:
                shown.append((result['image'], result['caption']))
            index.append(dict(file=result['path'].name, caption=result['caption'], sample=result['sample']))
            yield result
        save_image(image_grid(*zip(*shown), columns=sheet_columns(len(shown), num)), out_dir / 'sheet.png')
        with atomic_write(out_dir / 'results.json', 'w') as file:
            json.dump(index, file, indent=1)
