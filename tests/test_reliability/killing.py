"""Runs of tools/train.py in forked processes, killed from outside or at a chosen step of a write.

A fork has PyTorch loaded already, so that a start takes a tenth of a second in place of several.
"""
import io
import os
import runpy
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import matplotlib.figure  # noqa: F401  a Runner asks for it; here it is loaded once for all forks
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MessageHub
from test_engine.tiny_gan import ROOT, tiny_config

from genzoo.apis.signatures import components
from genzoo.registry import METRICS

ITERATIONS = 8
components()  # imports all of genzoo


@METRICS.register_module(force=True)
class StepsLeft(BaseMetric):
    """Better at each evaluation; the same in a run that was resumed."""

    default_prefix = 'steps'

    def process(self, data_batch, data_samples) -> None:
        self.results += [0] * len(data_samples)

    def compute_metrics(self, results) -> dict:
        return dict(left=float(ITERATIONS - MessageHub.get_current_instance().get_info('iter')))


def die(*_, **__) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_config(folder: Path, num_workers: int = 0, **changes) -> Path:
    """A config that saves every other iteration, keeps two checkpoints and the best one."""
    cfg = tiny_config(folder / 'run', ITERATIONS, interval=2, validate=3, num_workers=num_workers, local_noise=True,
                      hooks=dict(checkpoint=dict(max_keep_ckpts=2, save_best='steps/left', rule='less')), **changes)
    cfg.val_evaluator = dict(type='StepsLeft')
    cfg.train_dataloader.persistent_workers = num_workers > 0
    cfg.custom_hooks = [dict(type='SampleImagesHook', interval=4, num_samples=2)]
    cfg.custom_imports = dict(imports=['test_engine.tiny_gan', 'test_reliability.killing'])
    cfg.dump(folder / 'tiny.py')
    return folder / 'tiny.py'


def _train(config: Path, options: tuple, prepare: Callable[[], None]) -> None:
    """In the child: never returns."""
    status = 1
    try:
        os.setsid()
        log = os.open(config.with_suffix('.log'), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.stdout = sys.stderr = os.fdopen(log, 'w')
        prepare()
        sys.argv = ['tools/train.py', str(config), *options]
        runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def start(config: Path, *options: str, prepare: Callable[[], None] = lambda: None) -> int:
    """Starts the training of a config; returns the process, which leads a session of its own."""
    child = os.fork()
    if child == 0:
        _train(config, options, prepare)
    return child


def end_of(child: int) -> int:
    """Waits for a process; minus the signal that ended it, or its status."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def finish(config: Path, *options: str) -> None:
    """Trains to the end."""
    status = end_of(start(config, *options))
    assert status == 0, config.with_suffix('.log').read_text()[-3000:]


def living(leader: int) -> list[int]:
    """Processes of the session that ``leader`` led and that still run."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rsplit(')', 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != 'Z':
            found.append(int(stat.parent.name))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.02)


# ------------------------------------------------------------- inside of a write: prepare=...
def half_written(name: str) -> Callable[[], None]:
    """Dies when half of the bytes of the checkpoint ``name`` are on the disk."""
    save = torch.save

    def torn(content, file) -> None:
        whole = io.BytesIO()
        save(content, whole)
        if f'.{name}.' in file.name:
            file.write(whole.getvalue()[:whole.tell() // 2])
            file.flush()
            die()
        file.write(whole.getvalue())

    return lambda: setattr(torch, 'save', torn)


def before_rename(name: str) -> Callable[[], None]:
    """Dies when ``name`` is whole under its temporary name."""
    rename = os.replace
    return lambda: setattr(os, 'replace', lambda source, target: (
        die() if Path(target).name == name else rename(source, target)))


def after_rename(name: str) -> Callable[[], None]:
    """Dies as soon as ``name`` has its name."""
    rename = os.replace
    return lambda: setattr(os, 'replace', lambda source, target: (
        rename(source, target), Path(target).name == name and die()))


def before_recording(name: str) -> Callable[[], None]:
    """Dies when the checkpoint ``name`` is in place and the record of it is not."""
    rename = os.replace
    return lambda: setattr(os, 'replace', lambda source, target: (
        die() if Path(target).name == 'last_checkpoint' and Path(source).read_text().endswith(name)
        else rename(source, target)))


def before_removing(name: str) -> Callable[[], None]:
    """Dies when ``name`` is superseded and about to be removed."""
    unlink = Path.unlink
    return lambda: setattr(Path, 'unlink', lambda path, **options: (
        die() if path.name == name and path.exists() else unlink(path, **options)))


def after_removing(name: str) -> Callable[[], None]:
    """Dies as soon as ``name`` is removed."""
    unlink = Path.unlink
    return lambda: setattr(Path, 'unlink', lambda path, **options: (
        (was := path.exists()), unlink(path, **options), path.name == name and was and die()))
