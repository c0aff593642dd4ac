import importlib.util
import signal
import threading
from pathlib import Path

import pytest
import yaml
from test_apis.web_server import CONTENT, Site, serving

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / 'tools'


@pytest.fixture
def tool(capsys, monkeypatch):
    """Runs a tool in this process; returns its status and what it wrote to the standard and the error output."""
    monkeypatch.chdir(ROOT)

    def run(name, *args):
        spec = importlib.util.spec_from_file_location('tool', TOOLS / name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        status = 0
        try:
            module.main([str(arg) for arg in args])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def test_shipped_weights_come_with_the_next_command(tool, tmp_path):
    status, out, _ = tool('download.py', 'ssagan_toy', '--root', tmp_path)
    assert status == 0
    assert f'\nnext: python tools/infer.py ssagan --config configs/ssagan/ssagan_toy.py --checkpoint {tmp_path}' in out


def test_onedrive_is_no_error_but_has_a_status_of_its_own(tool, tmp_path):
    status, out, error = tool('download.py', 'ssagan_cub', '--root', tmp_path)
    assert status == 3
    assert error == ''
    assert 'put netG_*.pth into' in out


def test_unknown_name_is_one_line(tool):
    status, out, error = tool('download.py', 'ssagan_cup')
    assert (status, out) == (1, '')
    assert error.startswith('error: ssagan_cup: not in the model zoo. Nearest: ssagan_cub.')
    assert error.count('\n') == 1


def test_list_shows_every_name_once(tool):
    status, out, _ = tool('download.py', '--list')
    names = [line.split()[0] for line in out.splitlines()]
    assert status == 0
    assert {path.stem for path in (ROOT / 'configs').glob('[!_]*/*.py')} == set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize('args', [(), ('ssagan_toy', '--list')])
def test_name_or_list_is_asked_for(tool, args):
    status, _, error = tool('download.py', *args)
    assert status == 2
    assert 'give a name or --list' in error


def test_page_of_the_zoo_is_checked(tool):
    status, out, _ = tool('model_zoo.py', '--check')
    assert status == 0
    assert 'up to date' in out


def test_ctrl_c_leaves_a_part_and_no_half_file(tool, tmp_path):
    part, leave = tmp_path / 'checkpoints' / 'a.pth.part', threading.Event()

    def interrupting(site, handler):
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(CONTENT)))
        handler.send_header('ETag', '"a"')
        handler.end_headers()
        handler.wfile.write(CONTENT[:70000])
        while not part.exists() and not leave.wait(.01):
            pass
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # the client waits for the rest
        leave.wait(100)

    with serving(Site(interrupting)) as address:
        (tmp_path / 'a.py').touch()
        model = {'Name': 'a', 'In Collection': 'A', 'Config': 'a.py', 'License': 'MIT', 'Weights': f'{address}/a.pth'}
        paper = {'Name': 'A', 'Paper': {'Title': 'A', 'URL': 'https://a.org'}}
        (tmp_path / 'metafile.yml').write_text(yaml.safe_dump({'Collections': [paper], 'Models': [model]}))
        (tmp_path / 'model-index.yml').write_text('Import: metafile.yml')
        try:
            status, _, error = tool('download.py', 'a', '--index', tmp_path / 'model-index.yml', '--root', tmp_path)
        finally:
            leave.set()
    assert (status, error) == (130, 'interrupted\n')
    assert sorted(path.name for path in part.parent.iterdir()) == ['a.pth.part', 'a.pth.part.json']
    assert CONTENT.startswith(part.read_bytes())
