"""The record of a run's newest whole checkpoint: the file ``last_checkpoint`` in its folder."""
from pathlib import Path

from ..errors import WeightsError
from ..utils import atomic_write

RECORD = 'last_checkpoint'


def record_last_checkpoint(work_dir: str | Path, path: str | Path) -> None:
    """Makes ``path`` the one that :func:`last_checkpoint` finds."""
    with atomic_write(Path(work_dir) / RECORD, 'w') as file:
        file.write(str(path))


def last_checkpoint(work_dir: str | Path) -> Path | None:
    """The newest whole checkpoint of a run, also after its folder was moved; None before the first.

    Raises:
        WeightsError: the run's record names a file that is gone.
    """
    record = Path(work_dir) / RECORD
    if not record.is_file():
        return None
    named = Path(record.read_text().strip())
    for path in (record.parent / named.name, named):
        if path.is_file():
            return path
    raise WeightsError(f'{record}: the checkpoint that it names, {named}, is gone. '
                       'Choose another one with --resume FILE.')


def last_good(work_dir: str | Path) -> str:
    """The end of an error message: which checkpoint can be gone back to."""
    record = Path(work_dir) / RECORD
    if not record.is_file():
        return 'no checkpoint was written yet'
    return f'the last good checkpoint is {record.read_text().strip()}'
