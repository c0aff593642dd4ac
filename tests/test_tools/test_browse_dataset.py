import numpy as np
from PIL import Image
from test_datasets.conftest import write_image
from test_datasets.labelled import ade20k

from genzoo.visualization import label_colours

from .running import CONFIGS, run_tool

TOY = CONFIGS / 'ssagan' / 'ssagan_toy.py'


def test_writes_both_sheets_and_does_not_overwrite_unasked(tmp_path, monkeypatch, capsys):
    options = [TOY, '--out-dir', tmp_path / 'out', '--split', 'val', '--num', 2, '--repeats', 2]
    status, out, err = run_tool(monkeypatch, capsys, 'browse_dataset.py', *options)
    assert status == 0, err
    paths = [tmp_path / 'out' / f'val_{name}.png' for name in ('items', 'repeats')]
    assert out.split() == list(map(str, paths))
    for path in paths:
        with Image.open(path) as picture:
            assert picture.mode == 'RGB'
            assert np.asarray(picture).std() > 0
    status, _, err = run_tool(monkeypatch, capsys, 'browse_dataset.py', *options)
    assert (status, len(err.splitlines())) == (1, 1)
    assert 'val_items.png (and 1 more): exists already' in err
    assert run_tool(monkeypatch, capsys, 'browse_dataset.py', *options, '--overwrite')[0] == 0


def test_data_that_are_missing_are_one_line(tmp_path, monkeypatch, capsys):
    options = ['--out-dir', tmp_path, '--cfg-options', f'train_dataloader.dataset.data_root={tmp_path}/nothing']
    status, _, err = run_tool(monkeypatch, capsys, 'browse_dataset.py', CONFIGS / 'ssagan' / 'ssagan_cub.py', *options)
    assert (status, len(err.splitlines())) == (1, 1)
    assert err.startswith(f'error: {tmp_path}/nothing: the data set is missing')


def shown(monkeypatch, capsys, tmp_path, data, root):
    """The sheet of a data set for which there need not be a paper's config."""
    tmp_path.mkdir()
    config = tmp_path / 'config.py'
    config.write_text(f"_base_ = ['{CONFIGS}/_base_/default_runtime.py', '{CONFIGS}/_base_/datasets/{data}.py']\n")
    status, _, err = run_tool(monkeypatch, capsys, 'browse_dataset.py', config, '--out-dir', tmp_path / 'out',
                              '--num', 2, '--repeats', 0, '--cfg-options', f'train_dataloader.dataset.data_root={root}')
    assert status == 0, err
    with Image.open(tmp_path / 'out' / 'train_items.png') as picture:
        return np.asarray(picture)


def test_pairs_and_unpaired_images_are_shown(tmp_path, monkeypatch, capsys):
    ade20k(tmp_path / 'ade')
    for domain in 'AB':
        write_image(tmp_path / 'unpaired' / f'train{domain}' / '1.jpg', 1)
    pair = shown(monkeypatch, capsys, tmp_path / 'a', 'ade20k', tmp_path / 'ade')
    assert (pair == label_colours()[150]).all(-1).any()
    domains = shown(monkeypatch, capsys, tmp_path / 'b', 'unpaired_folder', tmp_path / 'unpaired')
    assert domains.shape[1] > 2 * 256


def test_a_file_in_place_of_the_folder_is_said_to_be_one(tmp_path, monkeypatch, capsys):
    (tmp_path / 'file').write_text('')
    status, _, err = run_tool(monkeypatch, capsys, 'browse_dataset.py', TOY, '--out-dir', tmp_path / 'file')
    assert (status, err) == (1, f'error: {tmp_path}/file: is a file, but should be a folder to write to. Choose a '
                                'folder.\n')
