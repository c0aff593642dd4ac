"""Files in, pictures out: what inferencers share that go through a folder."""
import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Literal

import torch
from mmengine.logging import print_log
from torch import Tensor
from tqdm import tqdm

from ...datasets.image_files import files_below
from ...errors import ConfigError, DataError
from ...utils import refuse_existing
from ...visualization import image_grid, save_image
from .base import Inferencer

SHEET_PAIRS = 32  # the first ones; a sheet of thousands could be opened by no viewer
SHEET_COLUMNS = 8


def find_files(inputs: Sequence[Path], suffixes: Sequence[str], out_dir: Path | None) -> list[tuple[Path, Path]]:
    """The files that inputs mean, and what each is called without its ending.

    Args:
        inputs: files, and folders, which are searched recursively, through links, too.
        suffixes: endings that count in folders, in lower case.
        out_dir: not searched: it holds results of an earlier call.

    Returns:
        Pairs of a path and its name relative to the folder that was given, in the order of ``inputs``, within
        a folder in the order of strings.

    Raises:
        DataError: a path is missing, or there is no such file.
    """
    found = []
    for path in inputs:
        path = Path(path).expanduser()
        if path.is_dir():
            found += [(file, _without_ending(file.relative_to(path), suffixes))
                      for file in _files_of(path, suffixes, out_dir)]
        elif path.is_file():
            found.append((path, _without_ending(Path(path.name), suffixes)))
        else:
            raise DataError(f'--input {path}: is missing. Give a file or a folder.')
    if not found:
        given = ', '.join(map(str, inputs)) or 'nothing'
        raise DataError(f'--input {given}: there is no file of {", ".join(suffixes)}. Give a file or a folder of such.')
    return found


def _without_ending(path: Path, suffixes: Sequence[str]) -> Path:
    ending = next((suffix for suffix in suffixes if path.name.lower().endswith(suffix)), path.suffix)
    return path.with_name(path.name[:len(path.name) - len(ending)] or path.name)


def _files_of(folder: Path, suffixes: Sequence[str], out_dir: Path | None) -> list[Path]:
    own = None if out_dir is None or out_dir.resolve() == folder.resolve() else out_dir.resolve()
    files = map(Path, files_below(folder, tuple(suffixes)))
    return [file for file in files if own is None or own not in file.resolve().parents]


class PictureInferencer(Inferencer):
    """Makes a picture of each input file.

    A subclass says which files it reads (:attr:`suffixes`), how (:meth:`read`), what the model gets
    (:meth:`predict`), and what its pictures are (:meth:`pictures`, :attr:`folders`).

    Args:
        config: config file of the model.
        checkpoint: its weights; by default ``checkpoints/<name of the config>.pth``.
        device: auto, cpu, cuda, ...
    """

    suffixes: tuple[str, ...] = ()
    """Endings of the files that are read, in lower case."""

    folders: tuple[str, ...] = ('',)
    """Where below ``out_dir`` the pictures of an input go, the model's own first."""

    def __init__(self, config: Path, checkpoint: Path | None = None, device: str = 'auto') -> None:
        super().__init__(config, checkpoint or Path('checkpoints') / f'{Path(config).stem}.pth', device)

    @abstractmethod
    def read(self, path: Path, size: int | None, max_side: int | None) -> Tensor:
        """What the model gets of a file, without the batch axis.

        Raises:
            DataError: the file is broken or does not fit the model.
        """

    @abstractmethod
    def predict(self, batch: Tensor) -> list[Tensor]:
        """The model's pictures, (3, H, W) uint8, of a batch of what was read."""

    @abstractmethod
    def source_picture(self, value: Tensor) -> Tensor:
        """What was read as a picture (3, H, W) uint8, to be shown beside the model's."""

    def pictures(self, result: dict) -> list[Tensor]:
        """The pictures of a result, in the order of :attr:`folders`."""
        return [result['image']]

    def stream(self, input: Sequence[Path] = (), out_dir: Path | None = None, size: int | None = None,
               max_side: int | None = None, side_by_side: bool = False, sheet: bool = False, batch_size: int = 4,
               on_error: Literal['raise', 'skip'] = 'raise', overwrite: bool = False,
               progress: bool = True) -> Iterator[dict]:
        """
        Args:
            input: files or folders: photographs for unpaired models; label maps (PNG, or .npy and .npz, dense ones,
                too; for poses <name>_candidate.txt of OpenPose) for label-to-image models.
            out_dir: where the pictures go, as PNG with the sources' names. Without it, from Python, nothing
                is written.
            size: bring inputs to SIZE x SIZE pixels first, as published tests do with 256; by default photographs keep
                their size, and label maps get the size that the model was built for.
            max_side: shrink photographs whose longer side has more pixels than this.
            side_by_side: also write each source and its picture beside each other, to side_by_side/.
            sheet: also write sheet.png, the first 32 sources and pictures.
            batch_size: inputs of one size at a time.
            on_error: stop at a broken file, or skip it with a warning.
            overwrite: replace files of an earlier call; sources are never replaced.
            progress: show a progress bar.

        Yields:
            One dict a file: ``source``, ``image`` and ``source_image`` ((3, H, W) uint8), and ``path`` if it was
            written.

        Raises:
            ConfigError: an option is wrong, or a file exists already.
            DataError: no file, or a broken one.
        """
        _require_positive(batch_size=batch_size, size=size, max_side=max_side)
        out_dir = None if out_dir is None else Path(out_dir)
        inputs = [input] if isinstance(input, (str, Path)) else input
        found = find_files(inputs, self.suffixes, out_dir)
        if out_dir is not None:
            self._prepare(out_dir, found, side_by_side, sheet, overwrite)
        readings = self._readings(found, size, max_side, on_error, progress)
        results = self._results(readings, batch_size)
        yield from results if out_dir is None else self._written(results, out_dir, side_by_side, sheet)

    def _prepare(self, out_dir: Path, found: Sequence[tuple[Path, Path]], side_by_side: bool, sheet: bool,
                 overwrite: bool) -> None:
        """Makes the folder; raises ConfigError if a file that will be written may not be."""
        if out_dir.is_file():
            raise ConfigError(f'--out-dir {out_dir}: is a file. Choose a folder.')
        folders = (*self.folders, *(('side_by_side',) if side_by_side else ()))
        owners: dict[Path, Path] = {out_dir / 'sheet.png': Path('the sheet')} if sheet else {}
        for source, name in found:
            for target in (self._target(out_dir, folder, name) for folder in folders):
                if target in owners:
                    raise ConfigError(f'{source}: its picture would be {target}, as that of {owners[target]}. '
                                      'Rename one, or give them in separate calls.')
                owners[target] = source
        sources = {source.resolve() for source, _ in found}
        taken = next((target for target in owners if target.resolve() in sources), None)
        if taken is not None:
            raise ConfigError(f'--out-dir {out_dir}: the source {taken} would be replaced. Choose another folder.')
        refuse_existing(owners, overwrite, 'Choose another --out-dir or give --overwrite.')
        out_dir.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _target(out_dir: Path, folder: str, name: Path) -> Path:
        return out_dir / folder / name.parent / f'{name.name}.png'

    def _readings(self, found: Sequence[tuple[Path, Path]], size: int | None, max_side: int | None, on_error: str,
                  progress: bool) -> Iterator[tuple[Path, Path, Tensor]]:
        for source, name in tqdm(found, disable=not progress, desc='pictures', unit='file'):
            try:
                value = self.read(source, size, max_side)
            except DataError as error:
                if on_error == 'raise':
                    raise
                print_log(f'skipped: {error}', 'current', logging.WARNING)
                continue
            yield source, name, value

    def _results(self, readings: Iterator[tuple[Path, Path, Tensor]], batch_size: int) -> Iterator[dict]:
        """Neighbours of one size go through the model together."""
        for batch in _alike(readings, batch_size):
            images = self.predict(torch.stack([value for _, _, value in batch]))
            for (source, name, value), image in zip(batch, images):
                yield dict(source=source, name=name, image=image, source_image=self.source_picture(value))

    def _written(self, results: Iterator[dict], out_dir: Path, side_by_side: bool, sheet: bool) -> Iterator[dict]:
        """``results``, each written before the next batch is made; at the end the sheet."""
        shown: list[Tensor] = []
        for result in results:
            for folder, picture in zip(self.folders, self.pictures(result)):
                save_image(picture, self._target(out_dir, folder, result['name']))
            result['path'] = self._target(out_dir, self.folders[0], result['name'])
            pair = [result['source_image'], result['image']]
            if side_by_side:
                save_image(image_grid(pair, columns=2), self._target(out_dir, 'side_by_side', result['name']))
            if sheet and len(shown) < 2 * SHEET_PAIRS:
                shown += pair
            yield result
        if shown:
            save_image(image_grid(shown, columns=SHEET_COLUMNS), out_dir / 'sheet.png')


def _alike(readings: Iterator[tuple[Path, Path, Tensor]], batch_size: int) -> Iterator[list]:
    """Neighbours of one shape in pieces of at most ``batch_size``, read no further ahead than that."""
    for _, group in groupby(readings, key=lambda reading: reading[2].shape):
        while piece := list(islice(group, batch_size)):
            yield piece


def _require_positive(**options: int | None) -> None:
    for name, value in options.items():
        if value is not None and value < 1:
            raise ConfigError(f'--{name.replace("_", "-")} {value}: must be at least 1')
