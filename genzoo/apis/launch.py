"""Starts the processes of one machine with torchrun, and names the cause last if one fails.

    python -m genzoo.apis.launch PROCESSES SCRIPT [arguments of the script]

What tools/dist_train.sh and tools/dist_test.sh call. From the environment: NNODES, NODE_RANK,
MASTER_ADDR and PORT for several machines; PORT alone, on one, in place of any free port.
"""
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence

import torch
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

from ..errors import ConfigError
from .cli import one_line_errors
from .failures import FOLDER_VARIABLE, last_words

LOCALHOST = '127.0.0.1'
DEFAULT_PORT = 29500
LAST_PORT = 65535


def _whole_number(name: str, text: str, least: int, most: int | None = None) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < least or int(text) > (most or int(text)):
        limit = f'{least} or more' if most is None else f'from {least} to {most}'
        raise ConfigError(f'{name}={text}: must be a whole number, {limit}.')
    return int(text)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port of a run just ended is free
        try:
            probe.bind(('', port))
        except OSError as error:
            raise ConfigError(f'PORT={port}: cannot be used ({error.strerror}). Set PORT to a free one, the same on '
                              'all machines; on one machine without PORT, a free one is found.') from error


def torchrun_options(processes: str, environment: Mapping[str, str]) -> list[str]:
    """The options of torchrun for this machine.

    Args:
        processes: on this machine, as given on the command line.
        environment: usually ``os.environ``, see the module.

    Raises:
        ConfigError: a number is none; there are fewer GPUs than processes; the port is taken.
    """
    count = _whole_number('PROCESSES', processes, 1)
    gpus = torch.cuda.device_count()
    if 0 < gpus < count:
        raise ConfigError(f'PROCESSES={count}: each process needs a GPU of its own, but this machine has {gpus}. Start '
                          f'{gpus}, or train on the CPU: CUDA_VISIBLE_DEVICES= before the command.')
    nodes = _whole_number('NNODES', environment.get('NNODES', '1'), 1)
    node = _whole_number('NODE_RANK', environment.get('NODE_RANK', '0'), 0)
    if node >= nodes:
        raise ConfigError(f'NODE_RANK={node}: the machines are numbered from 0 to NNODES - 1 = {nodes - 1}.')
    if nodes > 1 and 'MASTER_ADDR' not in environment:
        raise ConfigError(f'NNODES={nodes}: set MASTER_ADDR, on all machines, to the address of the one with '
                          'NODE_RANK=0.')
    machines = [f'--nnodes={nodes}', f'--node_rank={node}', f'--nproc_per_node={count}']
    return machines + _meeting_point(nodes, node, environment)


def _meeting_point(nodes: int, node: int, environment: Mapping[str, str]) -> list[str]:
    """Where the processes find each other: at the port named, or at one that torchrun opens and keeps open."""
    if nodes == 1 and not environment.get('PORT'):
        return ['--rdzv_backend=c10d', f'--rdzv_endpoint={LOCALHOST}:0', f'--local_addr={LOCALHOST}']
    port = _whole_number('PORT', environment.get('PORT') or str(DEFAULT_PORT), 1, LAST_PORT)
    if node == 0:
        _require_free(port)
    return [f'--master_addr={environment.get("MASTER_ADDR", LOCALHOST)}', f'--master_port={port}']


def _cause(error: ChildFailedError, folder: str) -> str:
    """One line about the process that failed first."""
    killed = {rank: failure for rank, failure in error.failures.items() if failure.exitcode < 0}
    if words := last_words(folder, 'cause'):
        return words
    if killed:
        # torchrun ends the others by SIGTERM, and counts them as failed, too.
        rank, failure = min(killed.items(), key=lambda item: (item[1].exitcode == -signal.SIGTERM, item[1].timestamp))
        hint = ' The system does so when memory runs out.' if failure.exitcode == -signal.SIGKILL else ''
        return f'error: rank {rank}: ended by {failure.signal_name()} from outside.{hint}'
    rank, failure = error.get_first_failure()
    return (last_words(folder, 'consequence')
            or f'error: rank {rank}: ended with status {failure.exitcode}; its own output says why.')


def main(arguments: Sequence[str]) -> None:
    """Runs the processes and waits for them.

    Args:
        arguments: PROCESSES, the script, and its arguments.

    Raises:
        ConfigError: see :func:`torchrun_options`.
        SystemExit: a process failed, or a signal ended the run (128 + its number).
    """
    processes, *command = arguments
    options = torchrun_options(processes, os.environ)
    with tempfile.TemporaryDirectory(prefix='genzoo_') as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            torchrun([*options, *command])
        except ChildFailedError as error:
            sys.stderr.write(f'{_cause(error, folder)}\n')
            sys.exit(1)
        except SignalException as error:
            sys.stderr.write(f'all processes ended after {error.sigval.name}\n')
            sys.exit(128 + error.sigval)


if __name__ == '__main__':
    with one_line_errors():
        main(sys.argv[1:])
