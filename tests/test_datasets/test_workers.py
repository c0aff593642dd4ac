import os
import signal
import subprocess
import sys

import pytest
from torch.utils.data import DataLoader

from genzoo.datasets import quiet_worker

pytestmark = pytest.mark.skipif(not hasattr(signal, 'sigtimedwait'), reason='needs Linux signals')


class SignalledByOthers:
    """Each item is read after somebody else has sent the worker both signals."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        kill = f'import os; os.kill({os.getpid()}, %d)'
        for number in (signal.SIGTERM, signal.SIGINT):
            subprocess.run([sys.executable, '-c', kill % number], check=True)
        return index


def test_workers_survive_signals_that_others_send():
    loader = DataLoader(SignalledByOthers(), num_workers=1, worker_init_fn=quiet_worker)
    assert [int(item) for item in loader] == [0, 1]


LEFT_OPEN = """
from torch.utils.data import DataLoader
from genzoo.datasets import quiet_worker
iterator = iter(DataLoader(range(1000), num_workers=2, worker_init_fn=quiet_worker))
next(iterator)
keep = [iterator]
keep.append(keep)  # a cycle, so that nothing is tidied up before the process exits
del iterator
"""


def test_a_process_that_leaves_its_workers_running_still_exits():
    subprocess.run([sys.executable, '-c', LEFT_OPEN], check=True, timeout=120)


KILLED_AS_A_WORKER_BEGINS = """
import os, signal, sys, time
from torch.utils.data import DataLoader
from genzoo.datasets import quiet_worker

def begin(worker_id):
    print(os.getpid(), flush=True)
    os.kill(os.getppid(), signal.SIGKILL)  # before PyTorch looks who the main process is
    time.sleep(0.5)
    quiet_worker(worker_id)

next(iter(DataLoader(range(1000), num_workers=1, worker_init_fn=begin)))
"""


def test_worker_ends_if_the_main_process_is_killed_as_it_begins():
    # Returns when all ends of the pipe are closed, that of the worker, too.
    process = subprocess.run([sys.executable, '-c', KILLED_AS_A_WORKER_BEGINS], stdout=subprocess.PIPE, timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert process.stdout
