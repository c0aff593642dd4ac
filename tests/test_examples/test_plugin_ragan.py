"""A paper in a package of its own: installed, trained, tested, resumed and served; nothing of genzoo changes."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / 'examples' / 'genzoo_plugin_ragan'
CONFIG = EXAMPLE / 'configs' / 'ragan_discs.py'


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A folder into which pip has installed a copy of the example."""
    folder = tmp_path_factory.mktemp('plugin')
    shutil.copytree(EXAMPLE, folder / 'source', ignore=shutil.ignore_patterns('__pycache__'))
    subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-index', '--no-build-isolation',
                    '--target', folder / 'site', folder / 'source'], check=True, timeout=120)
    return folder / 'site'


@pytest.fixture(scope='module')
def tool(installed, tmp_path_factory):
    """Runs one of tools/ far from the example's source, whose package is found where pip put it."""
    place = tmp_path_factory.mktemp('elsewhere')
    environment = dict(os.environ, PYTHONPATH=f'{ROOT}{os.pathsep}{installed}', OMP_NUM_THREADS='1')

    def run(name, *arguments, status=0):
        command = [sys.executable, ROOT / 'tools' / f'{name}.py', *arguments]
        result = subprocess.run([str(word) for word in command], cwd=place, env=environment, text=True,
                                capture_output=True, timeout=120)
        assert result.returncode == status, result.stdout[-1000:] + result.stderr[-2000:]
        return result
    return run


SMALL = ('--cfg-options', 'train_cfg.max_iters=4', 'train_cfg.val_interval=4', 'default_hooks.checkpoint.interval=2',
         'train_dataloader.global_batch_size=4', 'val_dataloader.dataset.length=8', 'custom_hooks.0.interval=4',
         'custom_hooks.0.num_samples=4')


@pytest.fixture(scope='module')
def trained(tool, tmp_path_factory):
    folder = tmp_path_factory.mktemp('runs') / 'whole'
    tool('train', CONFIG, '--work-dir', folder, *SMALL)
    return folder


def state(path):
    return torch.load(path, weights_only=True)['state_dict']


def test_it_trains_and_shows_samples(trained):
    first, last = state(trained / 'iter_2.pth'), state(trained / 'iter_4.pth')
    changed = {key.split('.')[0] for key in last if not torch.equal(first[key], last[key])}
    assert {'generator', 'discriminator', 'generator_ema'} <= changed
    assert Image.open(trained / 'samples' / 'iter_4.png').size[0] > 16


def test_it_resumes_exactly(tool, trained, tmp_path):
    tool('train', CONFIG, '--work-dir', tmp_path, '--resume', trained / 'iter_2.pth', *SMALL)
    parts, whole = state(tmp_path / 'iter_4.pth'), state(trained / 'iter_4.pth')
    assert all(torch.equal(parts[key], whole[key]) for key in whole)


def test_it_is_tested(tool, trained, tmp_path):
    tool('test', CONFIG, trained / 'iter_4.pth', '--out', tmp_path / 'metrics.json',
         '--cfg-options', 'test_dataloader.dataset.length=8')
    metrics = json.loads((tmp_path / 'metrics.json').read_text())
    assert metrics['FID/num_fake'] == metrics['FID/num_real'] == 8
    assert metrics['FID/fid'] > 0


def test_its_inferencer_is_a_subcommand(tool, trained, tmp_path):
    result = tool('infer', 'ragan', '--config', CONFIG, '--checkpoint', trained / 'iter_4.pth', '--num', '2',
                  '--out-dir', tmp_path)
    assert f'written to {tmp_path}' in result.stdout
    assert [Image.open(path).size for path in sorted(tmp_path.glob('*.png'))] == [(16, 16)] * 2


def test_nothing_of_genzoo_knows_it():
    assert not [path for path in (ROOT / 'genzoo').rglob('*.py') if 'ragan' in path.read_text().lower()]
