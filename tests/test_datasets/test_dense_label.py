import numpy as np
import pytest
import torch

from genzoo.datasets import DeepFashionPoseDataset, DenseLabelDataset
from genzoo.errors import ConfigError, DataError

from .conftest import write_image
from .labelled import deepfashion

PLACE = dict(type='PairedResizeRandomCropFlip', load_size=16, crop_size=16, flip_prob=0.0)
DENSE = [dict(type='LoadImages'), dict(type='LoadDenseLabel'), PLACE, dict(type='PackLabelledImage')]
POSE = [dict(type='LoadImages'), dict(type='LoadPose'), PLACE, dict(type='PackLabelledImage')]


def folders(root, label, channels=2, **settings):
    write_image(root / 'images' / 'a.jpg', 0)
    (root / 'labels').mkdir(exist_ok=True)
    np.save(root / 'labels' / 'a.npy', label)
    return DenseLabelDataset(root / 'labels', root / 'images', channels, **{'pipeline': DENSE, **settings})


def test_a_dense_label_is_used_as_it_is(tmp_path):
    label = np.random.default_rng(0).normal(size=(2, 30, 40))
    plain = [*DENSE[:2], DENSE[3]]
    data = folders(tmp_path, label, pipeline=plain)
    assert torch.equal(data[0]['inputs']['label'], torch.tensor(label, dtype=torch.float32))
    assert data.metainfo['num_classes'] == 2


def test_a_dense_label_is_resized_and_mirrored_with_its_image(tmp_path):
    label = np.stack([np.tile(np.arange(40.), (30, 1)), np.ones((30, 40))])
    item = folders(tmp_path, label)[0]['inputs']
    assert tuple(item['label'].shape) == (2, 16, 16)
    assert item['label'][1].allclose(torch.ones(16, 16))
    mirrored = folders(tmp_path, label, pipeline=[*DENSE[:2], dict(PLACE, flip_prob=1.0), DENSE[3]])[0]['inputs']
    assert all(torch.equal(mirrored[key], item[key].flip(-1)) for key in ('label', 'img'))


@pytest.mark.parametrize(('label', 'message'), [
    (np.zeros((3, 30, 40)), r'/labels/a\.npy: holds float64 of shape \(3, 30, 40\), must be numbers \(2, H, W\)'),
    (np.zeros((30, 40)), r'shape \(30, 40\), must be numbers \(2, H, W\)'),
    (np.full((2, 30, 40), np.nan), r'/labels/a\.npy: holds nan, must be finite'),
    (np.zeros((2, 15, 20)), r'/labels/a\.npy: has 20x15 pixels, its image .*/a\.jpg 40x30')])
def test_a_dense_label_that_does_not_fit_is_named(tmp_path, label, message):
    with pytest.raises(DataError, match=message):
        folders(tmp_path, label)[0]


@pytest.mark.parametrize('content', [b'', b'no array', b'\x93NUMPY\x01\x00'])
def test_a_broken_dense_label_is_named(tmp_path, content):
    data = folders(tmp_path, np.zeros((2, 30, 40)))
    (tmp_path / 'labels' / 'a.npy').write_bytes(content)
    with pytest.raises(DataError, match=r'/labels/a\.npy: is no array of numbers'):
        data[0]


def test_a_pickled_label_is_refused_not_executed(tmp_path):
    data = folders(tmp_path, np.array([dict()], dtype=object))
    with pytest.raises(DataError, match=r'/labels/a\.npy: is no array of numbers .*allow_pickle=False'):
        data[0]


def test_no_channel_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='num_channels=0'):
        folders(tmp_path, np.zeros((2, 30, 40)), channels=0)


def test_key_points_become_a_drawing_and_a_map_of_distances_a_limb(tmp_path):
    data = DeepFashionPoseDataset(deepfashion(tmp_path), pipeline=[*POSE[:2], POSE[3]])
    label = data[0]['inputs']['label']
    assert (label.dtype, tuple(label.shape)) == (torch.float32, (20, 30, 40))
    assert (float(label.min()), float(label.max())) == (0.0, 1.0)
    drawing, distances = label[:3], label[3:]
    assert drawing[:, 15, 20].any()
    assert not drawing[:, 29, 39].any()
    found = {number for number in range(17) if distances[number].min() == 0}
    assert found == {0, 12}  # neck to right shoulder, neck to nose; other limbs were not found
    assert (distances[1] == 1).all()
    assert distances[12, 15, 39] == pytest.approx((39 - 20 - 4) / 3 / 255)


def test_lists_are_kept_in_their_order(tmp_path):
    data = DeepFashionPoseDataset(deepfashion(tmp_path), pipeline=POSE)
    assert [item['data_samples'].key for item in data] == ['WOMEN/Dresses/id_1', 'MEN/Pants/id_2']
    assert len(DeepFashionPoseDataset(tmp_path, phase='test')) == 1


def test_nobody_in_the_picture_is_an_empty_drawing(tmp_path):
    (deepfashion(tmp_path) / 'pose/WOMEN/Dresses/id_1_subset.txt').write_text('')
    label = DeepFashionPoseDataset(tmp_path, pipeline=[*POSE[:2], POSE[3]])[0]['inputs']['label']
    assert not label[:3].any()
    assert (label[3:] == 1).all()


@pytest.mark.parametrize(('kind', 'content', 'message'), [
    ('candidate', 'a b c d\n', r'_candidate\.txt: is no table of numbers'),
    ('candidate', 'inf 2 3 4\n', r'_candidate\.txt: holds inf, no place in an image'),
    ('candidate', '1\n', r'_candidate\.txt: each row must have the same 2 or more numbers'),
    ('subset', '0 1 2\n', r'_subset\.txt: each row must have the same 18 or more'),
    ('subset', '7 ' * 20, r'_subset\.txt: joint 0 is row 7 of .*_candidate\.txt, which has only 3')])
def test_broken_key_points_are_named(tmp_path, kind, content, message):
    (deepfashion(tmp_path) / f'pose/WOMEN/Dresses/id_1_{kind}.txt').write_text(content)
    with pytest.raises(DataError, match=message):
        DeepFashionPoseDataset(tmp_path, pipeline=POSE)[0]


def test_missing_key_points_and_lists_are_named(tmp_path):
    (deepfashion(tmp_path) / 'pose/WOMEN/Dresses/id_1_subset.txt').unlink()
    with pytest.raises(DataError, match=r'id_1_subset\.txt: the file of key points is missing'):
        DeepFashionPoseDataset(tmp_path, pipeline=POSE)[0]
    (tmp_path / 'val.txt').unlink()
    with pytest.raises(DataError, match=r'/val\.txt: the list of images is missing'):
        DeepFashionPoseDataset(tmp_path, phase='test')


@pytest.mark.parametrize(('content', 'message'), [
    ('\n', r'/train\.txt: lists no image'), ('../x.jpg\n', r"/train\.txt: '\.\./x\.jpg' does not stay in img/")])
def test_a_broken_list_is_named(tmp_path, content, message):
    (deepfashion(tmp_path) / 'train.txt').write_text(content)
    with pytest.raises(DataError, match=message):
        DeepFashionPoseDataset(tmp_path)
