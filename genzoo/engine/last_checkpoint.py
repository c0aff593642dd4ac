"""The record of a run's newest whole checkpoint: the file ``last_checkpoint`` in its folder."""
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.dist import is_main_process

from ..errors import ConfigError, TrainingError, WeightsError
from ..utils import atomic_write

RECORD = 'last_checkpoint'
MAX_PATH = 4096
_PERIODIC = re.compile(r'(?:iter|epoch)_(\d+)\.pth')


def record_last_checkpoint(work_dir: str | Path, path: str | Path) -> None:
    """Makes ``path`` the one that :func:`last_checkpoint` finds.

    Raises:
        TrainingError: the disk is full or the folder cannot be written.
    """
    with disk_errors(work_dir, work_dir), atomic_write(Path(work_dir) / RECORD, 'w') as file:
        file.write(str(path))


def forget_last_checkpoint(work_dir: str | Path) -> None:
    """Makes a run that starts anew not be resumed from an earlier one's checkpoint."""
    if is_main_process():
        (Path(work_dir) / RECORD).unlink(missing_ok=True)


def last_checkpoint(work_dir: str | Path) -> Path | None:
    """The newest whole checkpoint of a run, also after its folder was moved; None before the first.

    Raises:
        WeightsError: the run's record names a file that is gone.
    """
    record = Path(work_dir) / RECORD
    if not record.is_file():
        return None
    named = Path(_recorded(record))
    for path in (record.parent / named.name, named):
        # In contrast to Path's methods, also of a name that is too long; DeepSpeed's checkpoints are folders.
        if os.path.isfile(path) or (path.suffix == '.pth' and os.path.isdir(path)):
            return path
    raise WeightsError(f'{record}: the checkpoint that it names, {named}, is gone. '
                       'Choose another one with --resume FILE.')


def require_unused(work_dir: str | Path, remedy: str) -> None:
    """
    Args:
        work_dir: of a run that is to start anew.
        remedy: what else can be done.

    Raises:
        ConfigError: it holds checkpoints of an earlier run.
    """
    newest = _newest(Path(work_dir))
    if newest is not None:
        raise ConfigError(f'{work_dir}: holds checkpoints of an earlier run (last: {newest}). {remedy}')


def _newest(work_dir: Path) -> str | None:
    """Name of the last checkpoint in a folder, by the run's record or else by the numbers; None: there is none."""
    try:
        recorded = last_checkpoint(work_dir)
    except WeightsError:  # all may have been removed to start anew
        recorded = None
    if recorded is not None:
        return recorded.name
    names = os.listdir(work_dir) if os.path.isdir(work_dir) else []
    periodic = [match for match in map(_PERIODIC.fullmatch, names) if match]
    return max(periodic, key=lambda match: int(match[1]))[0] if periodic else None


def _recorded(record: Path) -> str:
    """What the record says, cut to what can be a path."""
    return record.read_bytes()[:MAX_PATH].decode(errors='replace').strip()


def last_good(work_dir: str | Path) -> str:
    """The end of an error message: which checkpoint can be gone back to."""
    record = Path(work_dir) / RECORD
    if not record.is_file():
        return 'no checkpoint was written yet'
    return f'the last good checkpoint is {_recorded(record)}'


@contextmanager
def disk_errors(folder: str | Path, work_dir: str | Path) -> Iterator[None]:
    """Adds the free space and the last good checkpoint to what is said of a failed write.

    Args:
        folder: where is written.
        work_dir: of the run.

    Raises:
        TrainingError: in place of an OSError or WeightsError.
    """
    try:
        yield
    except (OSError, WeightsError) as error:
        raise TrainingError(f'{" ".join(str(error).split())} Free in {folder}: {_free_space(folder)}; '
                            f'{last_good(work_dir)}.') from error


def _free_space(folder: str | Path) -> str:
    try:
        return f'{shutil.disk_usage(folder).free / 2**20:.1f} MiB'
    except OSError:
        return 'unknown'
