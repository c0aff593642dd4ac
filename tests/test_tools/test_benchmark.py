"""The command line of the benchmark, in this process."""
import json
import runpy
import sys

import pytest
from test_engine.tiny_gan import ROOT, tiny_config

from genzoo.apis.benchmark import machine


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Calls the tool with a tiny config and more arguments; returns exit status, stdout and stderr."""
    monkeypatch.setattr(machine, '_matmul_rate', lambda *_: 1e9)
    config = tmp_path / 'tiny.py'
    tiny_config(tmp_path).dump(config)

    def call(*arguments):
        words = [config, '--iters', 2, '--warmup', 1, '--device', 'cpu', '--data', 'config', *arguments]
        monkeypatch.setattr(sys, 'argv', ['benchmark.py', *map(str, words)])
        try:
            runpy.run_path(str(ROOT / 'tools/benchmark.py'), run_name='__main__')
            status = 0
        except SystemExit as error:
            status = error.code
        return status, *capsys.readouterr()

    return call


def test_figures_are_printed_and_saved(run, tmp_path):
    status, out, _ = run('--out', tmp_path / 'speed.json', '--parts', 'training', '--batch-size', 3)
    assert status == 0
    assert 'training   median' in out
    saved, = json.loads((tmp_path / 'speed.json').read_text())['configs']
    assert set(saved) == {'config', 'batch_size', 'training'}
    assert saved['batch_size'] == 3


def test_second_config_has_options_of_its_own(run, tmp_path):
    status, out, _ = run('--compare', tmp_path / 'tiny.py', '--compare-options', 'train_dataloader.batch_size=2',
                         '--parts', 'training')
    assert status == 0
    assert 'batches of 4' in out
    assert 'batches of 2' in out
    assert 'ratio      training' in out


def test_results_are_not_overwritten_unasked(run, tmp_path):
    (tmp_path / 'speed.json').write_text('old')
    status, _, error = run('--out', tmp_path / 'speed.json')
    assert status == 1
    assert error == f'error: {tmp_path / "speed.json"}: exists already. Choose another name or give --overwrite.\n'


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--iters', '0'], 'error: --iters 0: must be at least 1.\n'),
    (['--data', 'synthetic'], 'error: --data synthetic: TinyGAN has no example_item, which would say what its items '
                              'look like. Use --data config.\n'),
    (['--compare-options', 'a=1'],
     'error: --compare-options: there is no second config. Give --compare CONFIG, too.\n'),
    (['--compile', '--parts', 'inference'], 'error: --compile: TinyGAN has no prepare_inference, which would compile '
                                            'it. Leave --compile out.\n')])
def test_errors_of_the_user_are_one_line(run, arguments, message):
    status, _, error = run(*arguments)
    assert status == 1
    assert error == message


def test_place_that_cannot_be_written_is_told_before_anything_is_measured(run, tmp_path):
    (tmp_path / 'taken').write_text('')
    status, _, err = run('--out', tmp_path / 'taken' / 'speed.json', '--cfg-options', 'nonsense.key=1')
    assert (status, err) == (1, f'error: {tmp_path}/taken: is a file, but should be a folder to write to. Choose a '
                                'folder.\n')


def test_options_of_the_second_config_are_blamed_by_their_own_name(run, tmp_path):
    status, _, err = run('--compare', tmp_path / 'tiny.py', '--compare-options', 'model.generator.chanels=3')
    assert status == 1
    assert err.startswith('error: --compare-options model.generator.chanels: ')
