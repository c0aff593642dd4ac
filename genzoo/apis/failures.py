"""How the processes of one run end together, and the cause of a failure is named last."""
import os
import re
import time
from contextlib import suppress
from pathlib import Path

FOLDER_VARIABLE = 'GENZOO_FAILURES'  # the launch scripts set it: where processes leave their last words
RANK_VARIABLES = ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK')
PORT_VARIABLES = ('MASTER_PORT', 'PORT')  # the launcher itself has only the latter
_TORCH_ERRORS = ('DistError', 'DistBackendError', 'DistNetworkError', 'DistStoreError')
_BACKEND_WORDS = ('gloo', 'nccl', 'pair closure')
_WAITED = re.compile(r'[Tt]imed out|[Tt]imeout')


def own_rank() -> str | None:
    """The number of this process among those of its run, as its launcher says; None if it runs alone."""
    return next((os.environ[name] for name in RANK_VARIABLES if name in os.environ), None)


def _between_processes(error: BaseException) -> bool:
    """Whether an error was raised by the exchange between processes, by whichever backend."""
    return type(error).__name__ in _TORCH_ERRORS or (
        type(error) is RuntimeError and any(word in str(error).lower() for word in _BACKEND_WORDS))


def exchange_trouble(error: BaseException) -> tuple[str, str] | None:
    """What it means that processes could not reach each other; None for any other error.

    Returns:
        ``'cause'`` or, if another process ended first, ``'consequence'``; and one line.

    >>> exchange_trouble(RuntimeError('[gloo/pair.cc:547] Connection closed by peer [127.0.0.1]:9'))[1]
    'lost another process of the run (Connection closed by peer [127.0.0.1]:9). Its own output says why it ended.'
    """
    if not _between_processes(error):
        return None
    text = str(error)
    if 'EADDRINUSE' in text:
        port = next((os.environ[name] for name in PORT_VARIABLES if os.environ.get(name)), '29500')
        return 'cause', f'port {port} of this machine is in use. Set PORT to a free one, the same on all machines.'
    if _WAITED.search(text):
        return 'cause', ('waited in vain for another process of the run, which hangs or is slower than the longest '
                         'wait, env_cfg.dist_cfg.timeout (seconds).')
    reason = re.sub(r'^\[[^\]]*\]\s*', '', re.split(r'\. |\n', text.strip())[0])
    return 'consequence', (f'lost another process of the run ({reason.rstrip(".")}). Its own output says why it '
                           'ended.')


def record_failure(message: str, kind: str = 'cause') -> None:
    """Leaves this process's last words where the launch script looks for them; nothing if none does.

    Args:
        message: one line.
        kind: ``'cause'``, or ``'consequence'`` of another process's end.
    """
    folder, rank = os.environ.get(FOLDER_VARIABLE), own_rank()
    if folder and rank is not None:
        path = Path(folder) / f'{kind}-{time.time_ns():020d}-rank{rank}'
        with suppress(OSError):  # the folder is gone or the disk full: the error itself is what counts
            path.write_text(f'error: rank {rank}: {message}\n')


def last_words(folder: str | Path, kind: str) -> str | None:
    """What the first process said that failed as the ``'cause'``, or as a ``'consequence'``; None if none did."""
    left = sorted(Path(folder).glob(f'{kind}-*'))  # named by their time
    return left[0].read_text().strip() if left else None
