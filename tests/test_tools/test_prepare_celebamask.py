import pytest
from test_datasets.conftest import write_image
from test_datasets.labelled import write_label

from .running import run_tool


@pytest.fixture
def root(tmp_path):
    for index in (0, 1):
        write_image(tmp_path / 'CelebA-HQ-img' / f'{index}.jpg', index)
        write_label(tmp_path / 'CelebAMask-HQ-mask-anno' / '0' / f'{index:05d}_skin.png', [0, 255])
    return tmp_path


def test_says_what_it_made_and_goes_on(root, monkeypatch, capsys):
    for made, kept in ((2, 0), (0, 2)):
        status, out, err = run_tool(monkeypatch, capsys, 'prepare/celebamask.py', root, '--num-val', 1)
        assert status == 0, err
        assert out.splitlines()[-1] == f'{root}: {made} part maps made, {kept} were there already, 0 skipped'
    assert 'image' in err  # the progress bar


def test_what_is_missing_is_one_line(tmp_path, monkeypatch, capsys):
    status, _, err = run_tool(monkeypatch, capsys, 'prepare/celebamask.py', tmp_path)
    assert (status, len(err.splitlines())) == (1, 1)
    assert err.startswith(f'error: {tmp_path}/CelebAMask-HQ-mask-anno: the folder of masks is missing')
