"""Runs on several processes through the launch scripts, as a user starts them."""
import json
import os
import random
import re
import signal
import socket
import stat
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from test_engine.tiny_gan import ROOT, tiny_config, train, weights

from genzoo.errors import DataError
from genzoo.registry import HOOKS

from .test_train import (
    _tools_know_the_tiny_model,  # noqa: F401
    keep_ranks,
    kept_ranks,
    last,
    members_of_session,
    start,
    wait_for,
)


@HOOKS.register_module()
class TroubleOnRank1(Hook):
    """In the third iteration rank 1 finds a broken file, is killed, or hangs; before signals are caught, so to end.

    Args:
        kind: ``'file'``, ``'kill'`` or ``'hang'``.
        mark: written as the trouble begins.
    """

    priority = 'VERY_HIGH'

    def __init__(self, kind: str, mark: str) -> None:
        self.kind, self.mark = kind, Path(mark)

    def before_train(self, runner) -> None:
        """Hangs."""
        if runner.rank == 1 and self.kind == 'hang':
            self.mark.touch()
            time.sleep(200)

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Ends."""
        if runner.rank != 1 or batch_idx != 2:
            return
        self.mark.touch()
        if self.kind == 'file':
            raise DataError('birds/7.jpg: truncated. Fetch it again.')
        if self.kind == 'kill':
            os.kill(os.getpid(), signal.SIGKILL)


def free_port() -> str:
    """A port below those that the system hands out by itself, so that none of its other clients takes it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(10000, 20000)
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)):
                return str(port)


def config_file(folder: Path, **settings) -> Path:
    """A tiny run that logs each iteration's own losses."""
    cfg = tiny_config(folder / 'run', **settings)
    cfg.merge_from_dict(dict(
        custom_imports=dict(imports=['test_engine.tiny_gan', 'test_tools.test_launchers']),
        visualizer=dict(vis_backends=[dict(type='LocalVisBackend')]), log_processor=dict(window_size=1),
        default_hooks=dict(logger=dict(interval=1))))
    path = folder / 'tiny.py'
    cfg.dump(path)
    return path


def finish(process, seconds: float = 200.0) -> tuple[str, str]:
    out, err = process.communicate(timeout=seconds)
    assert members_of_session(process.pid) == []
    return out, err


def curve(folder: Path) -> dict[int, dict[str, float]]:
    """The logged losses of the newest run in ``folder``, by iteration."""
    scalars = sorted(folder.glob('*/vis_data/scalars.json'))[-1]
    entries = [json.loads(line) for line in scalars.read_text().splitlines()]
    return {entry['step']: {key: value for key, value in entry.items() if 'loss' in key} for entry in entries}


def test_resumed_on_two_machines_a_run_has_the_curve_and_weights_of_one_process(tmp_path, monkeypatch):
    config = config_file(tmp_path, iterations=6, interval=3, batch_size=4)
    alone = tiny_config(tmp_path / 'alone', 6, 3, batch_size=4, hooks=dict(logger=dict(interval=1)))
    alone.visualizer.vis_backends, alone.log_processor.window_size = [dict(type='LocalVisBackend')], 1
    train(alone)
    monkeypatch.setenv('PORT', free_port())
    monkeypatch.setenv('NNODES', '2')
    monkeypatch.setenv('MASTER_ADDR', '127.0.0.1')
    nodes = []
    for number in '01':
        monkeypatch.setenv('NODE_RANK', number)
        nodes.append(start('tools/dist_train.sh', config, 1, '--resume', tmp_path / 'alone/iter_3.pth',
                           '--cfg-options', 'train_dataloader.batch_size=2'))
    outputs = [finish(node) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], '\n'.join(text[-2500:] for pair in outputs for text in pair)
    assert 'had batches of 1 x 4 = 4 (processes x batch size), this one has 2 x 2 = 4' in outputs[0][0] + outputs[0][1]
    expected, resumed = curve(tmp_path / 'alone'), curve(tmp_path / 'run')
    assert list(resumed) == [4, 5, 6]
    for step, losses in resumed.items():
        assert losses == pytest.approx(expected[step], rel=1e-4, abs=1e-5)
    torch.testing.assert_close(weights(tmp_path / 'run/iter_6.pth'), weights(tmp_path / 'alone/iter_6.pth'),
                               rtol=0, atol=1e-6)


@pytest.mark.parametrize(('kind', 'words'), [
    ('file', 'error: rank 1: birds/7.jpg: truncated. Fetch it again.'),
    ('kill', 'error: rank 1: ended by SIGKILL from outside. The system does so when memory runs out.'),
    ('hang', 'error: rank [01]: waited in vain for another process of the run, .* env_cfg.dist_cfg.timeout.*')])
def test_one_process_that_fails_ends_all_within_a_minute_and_has_the_last_word(tmp_path, kind, words):
    trouble = dict(type='TroubleOnRank1', kind=kind, mark=str(tmp_path / 'trouble'))
    config = config_file(tmp_path, iterations=1000, interval=1000, batch_size=2, hooks=dict(trouble=trouble))
    seconds = 5 if kind == 'hang' else 200
    process = start('tools/dist_train.sh', config, 2, '--cfg-options', f'env_cfg.dist_cfg.timeout={seconds}')
    wait_for((tmp_path / 'trouble').exists, 140)
    _, err = finish(process, 60)
    assert process.returncode == 1
    assert re.fullmatch(words, err.splitlines()[-1])


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Commands of slurm that run the tasks of a job here; srun's status is that of the last task that fails."""
    executable(tmp_path / 'scontrol', '#!/bin/sh\n[ "$*" = "show hostname here" ] && echo 127.0.0.1\n')
    executable(tmp_path / 'srun', '''#!/usr/bin/env bash
for word in "$@"; do
    shift
    case $word in
        --ntasks=*) export SLURM_NTASKS=${word#*=} ;;
        --*) ;;
        *) set -- "$word" "$@"; break ;;
    esac
done
export SLURM_NODELIST=here SLURM_JOB_ID=$$ SLURM_STEP_ID=0
tasks=() status=0
for ((task = 0; task < SLURM_NTASKS; task++)); do
    SLURM_PROCID=$task SLURM_LOCALID=$task "$@" & tasks+=($!)
done
for task in "${tasks[@]}"; do wait "$task" || status=$?; done
exit "$status"
''')
    monkeypatch.setenv('PATH', f'{tmp_path}{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setenv('GPUS', '2')


@pytest.mark.usefixtures('slurm')
def test_slurm_starts_processes_that_train_together(tmp_path):
    config = config_file(tmp_path, iterations=2, batch_size=2, hooks=keep_ranks(tmp_path))
    process = start('tools/slurm_train.sh', 'part', 'name', config, tmp_path / 'run', '--seed', 7)
    out, err = finish(process)
    assert process.returncode == 0, err
    first, second = kept_ranks(tmp_path)
    assert first['seed'] == second['seed'] == 7
    assert all(torch.equal(first['weights'][key], second['weights'][key]) for key in first['weights'])
    assert torch.load(last(tmp_path), weights_only=True)['meta']['processes'] == 2
    assert not list((tmp_path / 'run').glob('.failures*'))


def test_slurm_script_passes_a_signal_on_and_waits_for_the_end(tmp_path, monkeypatch):
    executable(tmp_path / 'srun', '''#!/usr/bin/env bash
trap 'sleep 0.5; echo saved; exit 7' TERM
echo started
while true; do sleep 0.1; done
''')
    monkeypatch.setenv('PATH', f'{tmp_path}{os.pathsep}{os.environ["PATH"]}')
    process = start('tools/slurm_train.sh', 'part', 'name', 'config.py', tmp_path / 'run')
    assert process.stdout.readline() == 'started\n'
    process.terminate()
    out, _ = finish(process)
    assert 'saved' in out
    assert process.returncode == 7
    assert not list((tmp_path / 'run').glob('.failures*'))


@pytest.mark.usefixtures('slurm')
def test_slurm_repeats_the_words_of_the_process_that_failed_first(tmp_path, monkeypatch):
    executable(tmp_path / 'python', '''#!/bin/sh
sleep "0.$SLURM_PROCID"
kind=cause; [ "$SLURM_PROCID" = 0 ] && kind=consequence
echo "error: rank $SLURM_PROCID: $kind" | tee "$GENZOO_FAILURES/$kind-$SLURM_PROCID-rank$SLURM_PROCID" >&2
exit 3
''')
    monkeypatch.setenv('PYTHON', str(tmp_path / 'python'))
    process = start('tools/slurm_train.sh', 'part', 'name', 'config.py', tmp_path / 'run')
    _, err = finish(process)
    assert process.returncode == 3
    assert err.splitlines()[-1] == 'error: rank 1: cause'


TOY = '''_base_ = '{root}/configs/ssagan/ssagan_toy.py'
work_dir = '{folder}'
test_dataloader = dict(batch_size=3, num_workers=0, persistent_workers=False, dataset=dict(length=7))
test_evaluator = [_base_.test_evaluator[0], dict(type='SaveImages', out_dir='{folder}/images')]
'''


def judged(folder: Path, *command) -> tuple[dict, dict[str, bytes]]:
    """The metrics and images of the shipped toy on seven samples."""
    folder.mkdir()
    config = folder / 'toy.py'
    config.write_text(TOY.format(root=ROOT, folder=folder))
    script, *processes = command
    process = start(*script, config, 'checkpoints/ssagan_toy.pth', *processes, '--out', folder / 'metrics.json')
    _, err = finish(process)
    assert process.returncode == 0, err
    images = {path.name: path.read_bytes() for path in (folder / 'images').iterdir()}
    return json.loads((folder / 'metrics.json').read_text()), images


def test_two_processes_judge_the_very_images_of_one_and_none_twice(tmp_path):
    one = judged(tmp_path / 'one', [sys.executable, 'tools/test.py'])
    two = judged(tmp_path / 'two', ['tools/dist_test.sh'], 2)
    assert one == two
    assert one[0]['SaveImages/num_images'] == 7
    assert len(one[1]) == 8  # and the list of them
