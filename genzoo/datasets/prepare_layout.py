"""The end of each preparation: lists, captions and vocabulary of the images that can be used."""
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..utils import atomic_write
from .caption_files import (
    SPLITS,
    CaptionData,
    CaptionTable,
    build_caption_data,
    read_caption_lines,
    write_caption_data,
)
from .prepare_parts import FolderReport, Progress, write_content, write_keys, write_skipped


@dataclass
class Layout:
    """A data set of captioned images, about to be written.

    Args:
        out: the folder.
        captions_per_image: C.
        keys: of the images, by split.
        classes: of the images, by split; where a split has none, each image is its own class.
        texts: content of the text files by key; may be empty if there are ``captions``.
        captions: word ids and vocabulary as released; None: made from ``texts``.
        problems: why not, for each key that cannot be used.
    """

    out: Path
    captions_per_image: int
    keys: Mapping[str, list[str]]
    classes: Mapping[str, np.ndarray]
    texts: Mapping[str, bytes]
    captions: CaptionData | None
    problems: dict[str, str]

    def write_texts(self, progress: Progress = iter) -> None:
        """Writes ``text/<key>.txt`` and finds the images with too few captions.

        Args:
            progress: wraps the iteration over the images, e.g. ``tqdm``.
        """
        for key in progress([key for split in SPLITS for key in self.keys[split]]):
            path = self.out / 'text' / f'{key}.txt'
            if key in self.texts and not (path.is_file() and path.read_bytes() == self.texts[key]):
                write_content(path, self.texts[key])
            if self.captions is None:
                problem = self._text_problem(key, path)
                if problem:
                    self.problems.setdefault(key, problem)

    def _text_problem(self, key: str, path: Path) -> str:
        if key not in self.texts:
            return 'no captions'
        try:
            count = len(read_caption_lines(path))
        except DataError as error:
            return str(error).removeprefix(f'{path}: ')
        return '' if count >= self.captions_per_image else f'{count} captions, {self.captions_per_image} are needed'

    def write(self, progress: Progress = iter) -> FolderReport:
        """Writes lists and classes, and last ``captions.pickle``, whose presence says that all is there.

        Args:
            progress: wraps the iteration over the images, e.g. ``tqdm``.

        Raises:
            DataError: of a split no image can be used.
        """
        kept = {split: [index for index, key in enumerate(self.keys[split]) if key not in self.problems]
                for split in SPLITS}
        keys = {split: [self.keys[split][index] for index in kept[split]] for split in SPLITS}
        self._require_images(keys)
        data = (self._kept_captions(kept) if self.captions is not None else
                build_caption_data(self.out / 'text', *keys.values(), self.captions_per_image, progress))
        skipped = [(key, self.problems[key]) for split in SPLITS for key in self.keys[split] if key in self.problems]
        for split in SPLITS:
            write_keys(self.out, split, keys[split])
            self._write_classes(split, kept[split])
        write_skipped(self.out, skipped)
        write_caption_data(self.out / 'captions.pickle', data)
        return FolderReport(*map(len, keys.values()), self.captions_per_image, len(data.vocabulary), skipped)

    def _require_images(self, keys: Mapping[str, list[str]]) -> None:
        for split in SPLITS:
            if not self.keys[split]:
                raise DataError(f'{self.out}: the {split} split lists no image. Check the lists that were given.')
            if not keys[split]:
                first = self.keys[split][0]
                raise DataError(f'{self.out}: none of the {len(self.keys[split])} {split} images can be used; the '
                                f'first, {first}: {self.problems[first]}. Check what was given.')

    def _kept_captions(self, kept: Mapping[str, list[int]]) -> CaptionData:
        count = self.captions_per_image
        tables = [CaptionTable([getattr(self.captions, split)[index * count + number]
                                for index in kept[split] for number in range(count)]) for split in SPLITS]
        return CaptionData(*tables, self.captions.vocabulary)

    def _write_classes(self, split: str, kept: list[int]) -> None:
        path = self.out / split / 'class_info.pickle'
        if split not in self.classes:
            path.unlink(missing_ok=True)
            return
        with atomic_write(path) as file:
            pickle.dump([int(self.classes[split][index]) for index in kept], file, protocol=2)
