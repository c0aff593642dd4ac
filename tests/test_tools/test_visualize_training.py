import json

from PIL import Image

from .running import run_tool


def write_run(path, offset):
    (path / '20260101_000000' / 'vis_data').mkdir(parents=True)
    lines = [json.dumps(dict(loss=offset - step, time=0.1, step=step)) for step in range(5)]
    (path / '20260101_000000' / 'vis_data' / 'scalars.json').write_text('\n'.join(lines) + '\n{"loss"')
    return path


def test_draws_runs_and_does_not_overwrite_unasked(tmp_path, monkeypatch, capsys):
    options = [write_run(tmp_path / 'a', 5), write_run(tmp_path / 'b', 6), '--out', tmp_path / 'curves.png']
    status, out, err = run_tool(monkeypatch, capsys, 'visualize_training.py', *options)
    assert (status, out) == (0, f'{tmp_path}/curves.png\n'), err
    with Image.open(tmp_path / 'curves.png') as picture:
        colours = {colour for _, colour in picture.convert('RGB').getcolors(1 << 24)}
    assert {(31, 119, 180), (255, 127, 14)} <= colours
    status, _, err = run_tool(monkeypatch, capsys, 'visualize_training.py', *options)
    assert (status, err) == (1, f'error: {tmp_path}/curves.png: exists already. Choose another name or give '
                                '--overwrite.\n')


def test_what_is_wrong_is_one_line(tmp_path, monkeypatch, capsys):
    status, _, err = run_tool(monkeypatch, capsys, 'visualize_training.py', tmp_path, '--out', tmp_path / 'a.png')
    assert (status, len(err.splitlines())) == (1, 1)
    options = [write_run(tmp_path / 'a', 5), '--out', tmp_path / 'a.png', '--keys', 'los']
    status, _, err = run_tool(monkeypatch, capsys, 'visualize_training.py', *options)
    assert (status, err) == (1, 'error: --keys los: nothing of that name was logged; there is loss, time; '
                             'nearest: "loss"\n')


def test_place_that_cannot_be_written_is_told_before_anything_is_read(tmp_path, monkeypatch, capsys):
    status, _, err = run_tool(monkeypatch, capsys, 'visualize_training.py', tmp_path / 'absent', '--out', tmp_path)
    assert (status, err) == (1, f'error: {tmp_path}: is a folder, but should be a file to write. Give the name of a '
                                'file.\n')
