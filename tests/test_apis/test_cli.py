import argparse

import pytest
from torch.utils.data import DataLoader, Dataset

from genzoo.apis.cli import CfgOptions, one_line_errors, progress_bars
from genzoo.errors import ConfigError, DataError


class Broken(Dataset):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index):
        raise DataError('data/a.jpg: truncated. Fetch it again.')


def shown(capsys, error) -> str:
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise error
    assert caught.value.code == 1
    return capsys.readouterr().err


def test_user_errors_are_one_line(capsys):
    assert shown(capsys, ConfigError('a.py: wrong.')) == 'error: a.py: wrong.\n'


def test_text_of_an_error_that_looks_like_a_prefix_stays(capsys):
    assert shown(capsys, ConfigError('a.py: line 1: NameError: x')) == 'error: a.py: line 1: NameError: x\n'
    assert shown(capsys, ConfigError('SyntaxError: x')) == 'error: SyntaxError: x\n'


def test_prefix_of_a_registry_is_dropped(capsys):
    wrapped = ConfigError('class `SSAGAN` in genzoo/models/ssagan/ssagan.py: no such encoder')
    assert shown(capsys, wrapped) == 'error: no such encoder\n'


def test_error_of_a_worker_process_is_one_line(capsys):
    with pytest.raises(SystemExit), one_line_errors():
        list(DataLoader(Broken(), num_workers=1))
    assert capsys.readouterr().err == 'error: data/a.jpg: truncated. Fetch it again.\n'


def test_bugs_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), one_line_errors():
        1 / 0  # noqa: B018


def test_traceback_on_request(monkeypatch):
    monkeypatch.setenv('GENZOO_TRACEBACK', '1')
    with pytest.raises(ConfigError), one_line_errors():
        raise ConfigError('a')


def test_ctrl_c_reports_130(capsys):
    with pytest.raises(SystemExit) as caught, one_line_errors():
        raise KeyboardInterrupt
    assert caught.value.code == 130


def test_works_as_a_decorator(capsys):
    @one_line_errors()
    def main() -> None:
        raise ConfigError('a')

    with pytest.raises(SystemExit):
        main()


def test_what_the_system_refuses_is_one_line_with_the_path(tmp_path, capsys):
    (tmp_path / 'file').touch()
    with pytest.raises(SystemExit) as stop, one_line_errors():
        (tmp_path / 'file' / 'below').mkdir()
    assert stop.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith(f'error: {tmp_path}/file/below: Not a directory.')
    assert message.count('\n') == 1


def test_an_option_that_is_no_pair_is_named(capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions)
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', 'a.b=1', 'foo'])
    assert "--cfg-options: 'foo' is not KEY=VALUE" in capsys.readouterr().err
    assert parser.parse_args(['--cfg-options', 'a.b=1']).cfg_options == {'a.b': 1}


@pytest.mark.parametrize('value', ['a=(1,', 'a=[(1,2]'])
def test_brackets_that_do_not_match_are_refused(value, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions)
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', value])
    assert 'Traceback' not in capsys.readouterr().err


def test_a_dict_is_refused_with_a_remedy(capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions)
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', "test_evaluator=[dict(type='FID',k=1)]"])
    assert 'Set the entries of a dict one by one, KEY.ENTRY=VALUE' in capsys.readouterr().err


def test_bars_end_before_what_an_error_says(capsys):
    @one_line_errors()
    def fail() -> None:
        with progress_bars('image') as progress:
            for _ in progress([1, 2]):
                raise DataError('a.txt: is wrong.')

    with pytest.raises(SystemExit):
        fail()
    *bar, last = capsys.readouterr().err.splitlines()
    assert last == 'error: a.txt: is wrong.'
    assert 'image' in bar[-1]
