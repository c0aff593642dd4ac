"""How data loading worker processes behave when a run is told to stop."""
import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess

from ..registry import FUNCTIONS

CHECK_SECONDS = 1.0


def _exit_with_parent(parent: BaseProcess) -> None:
    """Ends this worker when the main process says so, or is gone.

    PyTorch's own watch begins later than this one: of a main process that is killed before that,
    it takes the process that adopts the worker for the main one, and waits for ever.
    """
    while parent.is_alive():
        told = signal.sigtimedwait({signal.SIGTERM}, CHECK_SECONDS)
        if told is not None and told.si_pid == os.getppid():
            os._exit(0)
    os._exit(1)


@FUNCTIONS.register_module()
def quiet_worker(worker_id: int, **_) -> None:
    """Lets only the main process end a worker; for ``worker_init_fn`` of a data loader.

    Ctrl-C and a scheduler's SIGTERM reach the whole process group. If the workers died of
    them, the main process could not finish its iteration and write its checkpoint. So Ctrl-C
    is ignored, and so is every SIGTERM that is not the main process's own: with that one,
    multiprocessing ends its workers at exit, and would wait for ever if it were ignored. A worker
    whose main process was killed ends, too.

    Needs no seeds: everything random about a sample is drawn from the sample's own generator.

    Args:
        worker_id: as PyTorch passes it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not hasattr(signal, 'sigtimedwait'):  # macOS: the sender cannot be told
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    parent = multiprocessing.parent_process()
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
