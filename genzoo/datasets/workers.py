"""How data loading worker processes behave when a run is told to stop."""
import os
import signal
import threading

from ..registry import FUNCTIONS


def _exit_when_parent_says_so() -> None:
    while True:
        if signal.sigwaitinfo({signal.SIGTERM}).si_pid == os.getppid():
            os._exit(0)


@FUNCTIONS.register_module()
def quiet_worker(worker_id: int, **_) -> None:
    """Lets only the main process end a worker; for ``worker_init_fn`` of a data loader.

    Ctrl-C and a scheduler's SIGTERM reach the whole process group. If the workers died of
    them, the main process could not finish its iteration and write its checkpoint. So Ctrl-C
    is ignored, and so is every SIGTERM that is not the main process's own: with that one,
    multiprocessing ends its workers at exit, and would wait for ever if it were ignored.

    Needs no seeds: everything random about a sample is drawn from the sample's own generator.

    Args:
        worker_id: as PyTorch passes it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not hasattr(signal, 'sigwaitinfo'):  # macOS: the sender cannot be told
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    threading.Thread(target=_exit_when_parent_says_so, daemon=True).start()
