from mmengine.config import Config

from genzoo.apis.config import load_config

from .running import CONFIGS, run_tool

CUB = CONFIGS / 'ssagan' / 'ssagan_cub.py'


def test_what_is_printed_is_the_same_config_in_one_piece(tmp_path, monkeypatch, capsys):
    status, out, _ = run_tool(monkeypatch, capsys, 'print_config.py', CUB)
    assert status == 0
    (tmp_path / 'printed.py').write_text(out)
    assert '_base_' not in out
    assert Config.fromfile(tmp_path / 'printed.py').to_dict() == load_config(CUB).to_dict()


def test_options_are_in_it(monkeypatch, capsys):
    options = ['--cfg-options', 'train_dataloader.global_batch_size=7']
    assert 'global_batch_size=7' in run_tool(monkeypatch, capsys, 'print_config.py', CUB, *options)[1]


def test_check_says_only_that_it_is_right(monkeypatch, capsys):
    toy = CONFIGS / 'ssagan' / 'ssagan_toy.py'
    status, out, _ = run_tool(monkeypatch, capsys, 'print_config.py', toy, '--check')
    assert status == 0
    assert out.startswith(f'{toy}: no wrong key or type; the model builds, ')
    assert len(out.splitlines()) == 1


def test_what_is_wrong_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / 'a.py').write_text(f"_base_ = ['{CUB}']\nmodel = dict(generator=dict(base_chanels=3))\n")
    status, out, err = run_tool(monkeypatch, capsys, 'print_config.py', tmp_path / 'a.py')
    assert (status, out) == (1, '')
    assert err.startswith(f'error: {tmp_path}/a.py: model.generator: SSACNGenerator has no argument "base_chanels"')
    assert len(err.splitlines()) == 1


def test_a_model_that_does_not_build_is_told_when_it_is_checked(tmp_path, monkeypatch, capsys):
    (tmp_path / 'a.py').write_text(f"_base_ = ['{CUB}']\nmodel = dict(generator=dict(_delete_=True, type='SSAGAN'))\n")
    status, _, err = run_tool(monkeypatch, capsys, 'print_config.py', tmp_path / 'a.py', '--check')
    assert status == 1
    assert err.startswith(f'error: {tmp_path}/a.py: model: ')
    assert len(err.splitlines()) == 1
