import numpy as np
import pytest
from PIL import Image

from genzoo.datasets import CelebAMaskHQDataset
from genzoo.datasets.prepare_celebamask import prepare_celebamask
from genzoo.errors import ConfigError, DataError

from .conftest import write_image
from .labelled import write_label

MASKS = 'CelebAMask-HQ-mask-anno'
MAPS = f'{MASKS}/all_parts_except_glasses'


def write_mask(root, index, part, columns, kind='L', size=(8, 4)):
    """A white mask of some columns."""
    path = root / MASKS / str(index // 2000) / f'{index:05d}_{part}.png'
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros(size[::-1], np.uint8)
    mask[:, columns] = 255
    Image.fromarray(mask).convert(kind).save(path)


@pytest.fixture
def root(tmp_path):
    """Faces 0, 1 and 2000 as CelebAMask-HQ has them: only masks of single parts."""
    for index, kind in ((0, 'L'), (1, 'RGB'), (2000, 'P')):
        write_image(tmp_path / 'CelebA-HQ-img' / f'{index}.jpg', index, size=(16, 8))
        write_mask(tmp_path, index, 'skin', slice(0, 6), kind)
        write_mask(tmp_path, index, 'hair', slice(4, 8), kind)
        write_mask(tmp_path, index, 'l_eye', slice(1, 2), kind)
        write_mask(tmp_path, index, 'eye_g', slice(0, 3), kind)
    return tmp_path


def row(root, index):
    return np.asarray(Image.open(root / MAPS / f'{index:05d}.png'))[0].tolist()


def stamps(root):
    return {path.name: path.stat().st_mtime_ns for path in (root / MAPS).glob('*.png')}


def test_later_parts_lie_over_earlier_ones_and_glasses_are_left_out(root):
    report = prepare_celebamask(root, num_val=1)
    assert [row(root, index) for index in (0, 1, 2000)] == [[1, 5, 1, 1, 2, 2, 2, 2]] * 3
    assert (report.made, report.kept, report.skipped) == (3, 0, [])
    assert report.summary(root).endswith(f'{root}: 3 part maps made, 0 were there already, 0 skipped')


def test_the_last_images_are_for_validation_and_the_data_set_reads_all(root):
    prepare_celebamask(root, num_val=1)
    assert (root / 'train.txt').read_text() == '0\n1\n'
    assert (root / 'val.txt').read_text() == '2000\n'
    pipeline = [dict(type='LoadImages'), dict(type='LoadLabel'), dict(type='LoadGlasses'),
                dict(type='PairedResizeRandomCropFlip', load_size=8, crop_size=8, flip_prob=0.0),
                dict(type='PackLabelledImage')]
    label = CelebAMaskHQDataset(root, phase='test', pipeline=pipeline)[0]['inputs']['label']
    assert label[:, 0].tolist() == [[1, 5, 1, 1, 2, 2, 2, 2], [1, 1, 1, 0, 0, 0, 0, 0]]


def test_lists_that_are_there_are_kept_and_a_missing_one_has_the_rest(root):
    (root / 'train.txt').write_text('2000\n1\n')
    report = prepare_celebamask(root, num_val=2)
    assert (root / 'train.txt').read_text() == '2000\n1\n'
    assert (root / 'val.txt').read_text() == '0\n'
    assert f'{root}/train.txt: kept as it is, 2 images' in report.notes
    prepare_celebamask(root, num_val=1, overwrite=True)
    assert (root / 'train.txt').read_text() == '0\n1\n'


def test_a_stopped_run_goes_on(root):
    def stop_after_one(items):
        yield items[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_celebamask(root, num_val=1, progress=stop_after_one)
    before = stamps(root)
    assert list(before) == ['00000.png']
    assert not (root / 'train.txt').exists()
    report = prepare_celebamask(root, num_val=1)
    assert (report.made, report.kept) == (2, 1)
    assert stamps(root)['00000.png'] == before['00000.png']


def test_what_a_killed_run_left_half_written_is_removed(root):
    (root / MAPS).mkdir()
    (root / MAPS / '.00001.png.123.tmp').write_bytes(b'half')
    prepare_celebamask(root, num_val=1)
    assert sorted(path.name for path in (root / MAPS).iterdir()) == ['00000.png', '00001.png', '02000.png']


def test_maps_are_made_again_only_if_asked(root):
    prepare_celebamask(root, num_val=1)
    write_label(root / MAPS / '00001.png', [7], size=(8, 4))
    assert prepare_celebamask(root, num_val=1).kept == 3
    assert row(root, 1) == [7] * 8
    assert prepare_celebamask(root, num_val=1, overwrite=True).made == 3
    assert row(root, 1) == row(root, 0)


def test_broken_and_missing_masks_are_reported_and_left_out_of_the_lists(root):
    path = root / MASKS / '0' / '00001_hair.png'
    path.write_bytes(path.read_bytes()[:40])
    write_image(root / 'CelebA-HQ-img' / '2.jpg', 2)
    write_mask(root, 0, 'neck', slice(0, 2), size=(4, 4))
    report = prepare_celebamask(root, num_val=1)
    reasons = dict(report.skipped)
    assert reasons[0].endswith(
        f'{MASKS}/0/00000_neck.png: has 4x4 pixels, 00000_skin.png 8x4. Fetch it again. CelebAMask-HQ.zip provides it '
        '(https://github.com/switchablenorms/CelebAMask-HQ).')
    assert '00001_hair.png: truncated or not an image' in reasons[1]
    assert f'{MASKS}/0: holds no mask of image 2' in reasons[2]
    assert (root / 'train.txt').read_text() == ''
    assert 'skipped 2: ' in report.summary(root)


@pytest.mark.parametrize('num_val', [0, 3])
def test_a_split_without_images_is_refused(root, num_val):
    with pytest.raises(ConfigError, match=f'--num-val {num_val}: must be at least 1 and less than .*, 3'):
        prepare_celebamask(root, num_val=num_val)


def test_missing_folders_are_named(root):
    (root / MASKS).rename(root / 'masks')
    with pytest.raises(DataError, match=f'/{MASKS}: the folder of masks is missing. CelebAMask-HQ.zip provides it'):
        prepare_celebamask(root)
    (root / 'masks').rename(root / MASKS)
    for path in (root / 'CelebA-HQ-img').iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r'/CelebA-HQ-img: holds no image <number>\.jpg'):
        prepare_celebamask(root)
