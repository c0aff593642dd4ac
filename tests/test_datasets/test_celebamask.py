import pytest
import torch

from genzoo.datasets import CelebAMaskHQDataset
from genzoo.errors import ConfigError, DataError

from .conftest import write_image
from .labelled import celebamask, write_label

PIPELINE = [
    dict(type='LoadImages'), dict(type='LoadLabel'), dict(type='LoadGlasses'),
    dict(type='PairedResizeRandomCropFlip', load_size=16, crop_size=16, flip_prob=0.0), dict(type='PackLabelledImage')]


@pytest.fixture
def root(tmp_path):
    return celebamask(tmp_path / 'CelebAMask-HQ')


def test_the_label_has_a_channel_of_parts_and_one_of_glasses(root):
    data = CelebAMaskHQDataset(root, pipeline=PIPELINE)
    label = data[0]['inputs']['label']
    assert (label.dtype, tuple(label.shape)) == (torch.int64, (2, 16, 16))
    assert label[0].unique().tolist() == [0, 1, 17, 18]
    assert torch.equal(label[1], (label[0] == 1).long())
    assert data.metainfo['num_classes'] == 19


def test_without_a_file_there_are_no_glasses(root):
    assert not CelebAMaskHQDataset(root, pipeline=PIPELINE)[1]['inputs']['label'][1].any()


def test_glasses_are_part_16_of_one_channel_if_asked(root):
    label = CelebAMaskHQDataset(root, glasses='class', pipeline=PIPELINE)[0]['inputs']['label']
    assert tuple(label.shape) == (1, 16, 16)
    assert label.unique().tolist() == [0, 16, 17, 18]


def test_lists_say_which_images_and_in_which_order(root):
    assert [item['data_samples'].key for item in CelebAMaskHQDataset(root, pipeline=PIPELINE)] == ['0', '2000', '1']
    assert len(CelebAMaskHQDataset(root, phase='test')) == 1
    (root / 'val.txt').write_text('2001.jpg\n')
    assert CelebAMaskHQDataset(root, phase='test', pipeline=PIPELINE)[0]['data_samples'].key == '2001'


def test_a_missing_list_says_what_makes_it(root):
    (root / 'train.txt').unlink()
    with pytest.raises(DataError, match=r'/train\.txt: the list of images is missing\. tools/prepare/celebamask\.py'):
        CelebAMaskHQDataset(root)


@pytest.mark.parametrize(('content', 'message'), [
    ('1\nface\n', r"/train\.txt: line 2: 'face' is no number"), ('\n', r'/train\.txt: lists no image')])
def test_a_broken_list_is_named(root, content, message):
    (root / 'train.txt').write_text(content)
    with pytest.raises(DataError, match=message):
        CelebAMaskHQDataset(root)


def test_a_missing_folder_of_part_maps_says_what_makes_it(root):
    (root / 'CelebAMask-HQ-mask-anno' / 'all_parts_except_glasses').rename(root / 'elsewhere')
    with pytest.raises(DataError, match=r'all_parts_except_glasses: .* missing\. tools/prepare/celebamask\.py'):
        CelebAMaskHQDataset(root)


def test_another_ratio_than_the_images_is_named(root):
    write_image(root / 'CelebA-HQ-img' / '1.jpg', 1, size=(40, 40))
    with pytest.raises(DataError, match=r'/00001\.png: has 20x15 pixels, its image .*/1\.jpg 40x40'):
        CelebAMaskHQDataset(root, pipeline=PIPELINE)[2]


def test_glasses_of_another_size_are_named(root):
    write_label(root / 'CelebAMask-HQ-mask-anno' / '0' / '00000_eye_g.png', [0, 255], size=(10, 10))
    with pytest.raises(DataError, match=r'/0/00000_eye_g\.png: has 10x10 pixels, its label map .*/00000\.png 20x15'):
        CelebAMaskHQDataset(root, pipeline=PIPELINE)[0]


def test_a_misspelt_way_of_glasses_is_refused(root):
    with pytest.raises(ConfigError, match="glasses='on': must be 'channel'"):
        CelebAMaskHQDataset(root, glasses='on')
