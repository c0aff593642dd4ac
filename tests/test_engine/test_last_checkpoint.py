import pytest

from genzoo.engine import require_unused
from genzoo.engine.last_checkpoint import forget_last_checkpoint, last_checkpoint, record_last_checkpoint
from genzoo.errors import ConfigError

REMEDY = 'Take another.'


def checkpoints(folder, *names):
    for name in names:
        (folder / name).write_text('')


@pytest.mark.parametrize('names', [(), ('pretrained.pth', 'run.py', 'iter_x.pth')])
def test_folder_without_checkpoints_of_a_run_is_unused(tmp_path, names):
    checkpoints(tmp_path, *names)
    require_unused(tmp_path, REMEDY)
    require_unused(tmp_path / 'absent', REMEDY)


def test_the_recorded_checkpoint_is_named(tmp_path):
    checkpoints(tmp_path, 'iter_6.pth', 'iter_9.pth')
    record_last_checkpoint(tmp_path, tmp_path / 'iter_6.pth')
    with pytest.raises(ConfigError, match=r'holds checkpoints of an earlier run \(last: iter_6.pth\). Take another.$'):
        require_unused(tmp_path, REMEDY)


@pytest.mark.parametrize(('names', 'last'), [(('iter_9.pth', 'iter_10.pth'), 'iter_10'), (('epoch_2.pth',), 'epoch_2')])
def test_without_a_record_the_highest_number_is_named(tmp_path, names, last):
    checkpoints(tmp_path, *names)
    with pytest.raises(ConfigError, match=f'last: {last}.pth'):
        require_unused(tmp_path, REMEDY)


def test_a_record_whose_checkpoints_were_removed_is_no_run(tmp_path):
    record_last_checkpoint(tmp_path, tmp_path / 'iter_6.pth')
    require_unused(tmp_path, REMEDY)


def test_forgotten_record_is_not_resumed_from(tmp_path):
    path = tmp_path / 'iter_2.pth'
    path.write_bytes(b'whole')
    record_last_checkpoint(tmp_path, path)
    forget_last_checkpoint(tmp_path)
    forget_last_checkpoint(tmp_path)
    assert last_checkpoint(tmp_path) is None
    assert path.exists()
