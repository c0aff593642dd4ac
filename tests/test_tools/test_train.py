"""Runs of the command line tools, each in processes of its own."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from test_engine.tiny_gan import ROOT, assert_same_state, resumed, tiny_config, train, weights, with_test


@pytest.fixture(autouse=True)
def _tools_know_the_tiny_model(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', f'{ROOT}{os.pathsep}{ROOT / "tests"}')
    monkeypatch.setenv('PYTHON', sys.executable)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')


def config_file(folder: Path, **settings) -> Path:
    cfg = with_test(tiny_config(folder / 'run', **settings))
    cfg.custom_imports = dict(imports=['test_engine.tiny_gan'])
    path = folder / 'tiny.py'
    cfg.dump(path)
    return path


def start(*command) -> subprocess.Popen:
    return subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)


def tool(name: str, *arguments) -> subprocess.CompletedProcess:
    process = start(sys.executable, f'tools/{name}.py', *arguments)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.05)


def members_of_session(leader: int) -> list[int]:
    """Living processes of the session that ``leader`` led."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rsplit(')', 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader and fields[0] != 'Z':
            found.append(int(stat.parent.name))
    return found


def last(folder: Path) -> Path:
    return Path((folder / 'run/last_checkpoint').read_text())


@pytest.mark.parametrize(('number', 'whole_group'), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_stopped_process_saves_leaves_no_orphans_and_resumes_exactly(tmp_path, number, whole_group):
    config = config_file(tmp_path, iterations=40, interval=2, num_workers=2, pause=0.1, local_noise=True)
    process = start(sys.executable, 'tools/train.py', config)
    wait_for((tmp_path / 'run/iter_4.pth').exists)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert f'tools/train.py {config} --resume' in out
    assert members_of_session(process.pid) == []
    stopped = torch.load(last(tmp_path), weights_only=True)['meta']['iter']
    assert 4 <= stopped < 40
    end = stopped + 2
    train(resumed(tiny_config(tmp_path / 'run', end, end, local_noise=True)))
    train(tiny_config(tmp_path / 'whole', end, end, local_noise=True))
    assert_same_state(tmp_path / f'whole/iter_{end}.pth', tmp_path / f'run/iter_{end}.pth')


def keep_ranks(folder: Path) -> dict:
    return dict(keep=dict(type='KeepEveryRank', folder=str(folder)))


def kept_ranks(folder: Path) -> list[dict]:
    return [torch.load(folder / f'rank{rank}.pth', weights_only=True) for rank in (0, 1)]


def dist_train(config: Path, *options) -> str:
    process = start('tools/dist_train.sh', config, 2, *options)
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    return out


def test_two_processes_equal_one_with_the_same_global_batch(tmp_path):
    config = config_file(tmp_path, iterations=5, interval=5, batch_size=2, hooks=keep_ranks(tmp_path))
    dist_train(config)
    ranks = [content['weights'] for content in kept_ranks(tmp_path)]
    train(tiny_config(tmp_path / 'one', 5, 5, batch_size=4))
    one, two = weights(tmp_path / 'one/iter_5.pth'), weights(tmp_path / 'run/iter_5.pth')
    assert one.keys() == two.keys() == ranks[0].keys()
    for key in one:
        assert torch.equal(ranks[0][key], ranks[1][key]), key
        assert torch.allclose(one[key], two[key], atol=1e-6), key


def test_two_unseeded_processes_agree_stop_together_and_resume_on_one(tmp_path):
    config = config_file(tmp_path, iterations=60, interval=2, batch_size=2, pause=0.1, seed=None,
                         hooks=keep_ranks(tmp_path))
    process = start('tools/dist_train.sh', config, 2)
    wait_for((tmp_path / 'run/iter_4.pth').exists)
    os.kill(process.pid, signal.SIGTERM)  # the launcher tells its processes
    out, err = process.communicate(timeout=90)
    stopped = torch.load(last(tmp_path), weights_only=True)['meta']['iter']
    assert f'stopped at iteration {stopped}' in out, err
    assert f'tools/dist_train.sh {config} 2 --resume' in out
    assert members_of_session(process.pid) == []
    first, second = kept_ranks(tmp_path)
    assert first['seed'] == second['seed']
    assert all(torch.equal(first['weights'][key], second['weights'][key]) for key in first['weights'])
    runner = train(resumed(tiny_config(tmp_path / 'run', stopped + 1, batch_size=4)))
    assert 'batches of 2 x 2 = 4' in next((tmp_path / 'run' / runner.timestamp).glob('*.log')).read_text()


def test_options_of_the_command_line_reach_the_run(tmp_path):
    config = config_file(tmp_path, iterations=2)
    result = tool('train', config, '--work-dir', tmp_path / 'other', '--seed', 7, '--amp')
    assert result.returncode == 0, result.stderr
    content = torch.load(tmp_path / 'other/iter_2.pth', weights_only=True)
    assert content['meta']['seed'] == 7
    assert 'loss_scaler' in content['optimizer']['generator']


def test_a_config_without_a_seed_trains(tmp_path):
    config = config_file(tmp_path, iterations=2)
    text = config.read_text()
    config.write_text(text.replace("randomness = dict(", "unused = dict("))
    assert config.read_text() != text
    result = tool('train', config)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'run/iter_2.pth').exists()


def test_script_that_always_resumes_starts_from_the_weights_of_the_config(tmp_path):
    train(tiny_config(tmp_path / 'pretrained', 1))
    config = config_file(tmp_path, iterations=2)
    pretrained = tmp_path / 'pretrained/iter_1.pth'
    command = ['train', config, '--resume', '--cfg-options', f'load_from={pretrained}']
    first, second = tool(*command), tool(*command, 'train_cfg.max_iters=3')
    assert f'Load checkpoint from {pretrained}' in first.stdout + first.stderr
    assert f'Load checkpoint from {tmp_path / "run/iter_2.pth"}' in second.stdout + second.stderr
    assert 'resumed epoch: 0, iter: 2' in second.stdout + second.stderr


def test_errors_of_the_user_are_one_line(tmp_path):
    config = config_file(tmp_path, iterations=2)
    result = tool('train', config, '--cfg-options', 'model.generator.chanels=3')
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        'error: --cfg-options model.generator.chanels: model.generator: TinyGenerator has no argument '
        '"chanels"; nearest: "channels"')
    assert 'Traceback' not in result.stderr


def test_metrics_are_printed_and_saved(tmp_path):
    config = config_file(tmp_path, iterations=1)
    train(tiny_config(tmp_path / 'run', 1))
    result = tool('test', config, tmp_path / 'run/iter_1.pth', '--metrics', 'SECOND',
                  '--out', tmp_path / 'm.json')
    assert result.returncode == 0, result.stderr
    saved = json.loads((tmp_path / 'm.json').read_text())
    assert set(saved) == {'second/brightness'}
    assert '"second/brightness"' in result.stdout


def used(folder: Path) -> str:
    return (f'{folder}: holds checkpoints of an earlier run (last: iter_2.pth). Give --resume to go on, another '
            '--work-dir, or --overwrite to start anew.')


def test_used_work_dir_is_refused_and_with_the_flag_only_what_is_written_is_replaced(tmp_path):
    config, folder = config_file(tmp_path, iterations=2), tmp_path / 'run'
    train(tiny_config(folder, 2))
    (folder / 'iter_1.pth').write_text('of the user')
    before = (folder / 'iter_2.pth').read_bytes()
    result = tool('train', config, '--seed', 7)
    assert (result.returncode, result.stderr.splitlines()[-1]) == (1, f'error: {used(folder)}')
    assert (folder / 'iter_2.pth').read_bytes() == before
    result = tool('train', config, '--seed', 7, '--overwrite')
    assert result.returncode == 0, result.stderr
    assert torch.load(folder / 'iter_2.pth', weights_only=True)['meta']['seed'] == 7
    assert (folder / 'iter_1.pth').read_text() == 'of the user'


def test_used_work_dir_is_refused_by_the_launcher_too(tmp_path):
    config, folder = config_file(tmp_path, iterations=2), tmp_path / 'run'
    train(tiny_config(folder, 2))
    process = start('tools/dist_train.sh', config, 2)
    _, err = process.communicate(timeout=150)
    assert process.returncode != 0
    assert err.splitlines()[-1].endswith(used(folder))
    assert err.splitlines()[-1].startswith('error: ')


@pytest.mark.parametrize(('options', 'message'), [
    (['--resume', '--overwrite'], '--resume goes on with a run, --overwrite starts it anew: choose one of them.'),
    (['--work-dir', '{}/tiny.py'], '{}/tiny.py: is a file, but should be a folder to write to. Choose a folder.')])
def test_impossible_starts_are_one_line(tmp_path, options, message):
    config = config_file(tmp_path, iterations=2)
    result = tool('train', config, *[option.format(tmp_path) for option in options])
    assert (result.returncode, result.stderr.splitlines()[-1]) == (1, f'error: {message.format(tmp_path)}')
