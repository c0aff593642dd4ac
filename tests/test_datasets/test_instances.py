import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.datasets import ADE20KDataset, CityscapesLabelDataset, COCOStuffDataset, LabelFolderDataset, zoo_collate
from genzoo.errors import DataError
from genzoo.registry import MODELS

from .conftest import write_image
from .labelled import ade20k, cityscapes, split_folders, write_label
from .test_paired_layouts import PLAIN

CROPS = [*PLAIN[:2], dict(type='PairedResizeRandomCropFlip', load_size=36, crop_size=32), PLAIN[2]]


def objects_of(item):
    return item['inputs']['instance'].unique().tolist()


def test_cityscapes_numbers_of_objects_are_read_beyond_a_byte(tmp_path):
    data = CityscapesLabelDataset(cityscapes(tmp_path), instances=True, pipeline=PLAIN)
    instance = data[0]['inputs']['instance']
    assert (instance.dtype, tuple(instance.shape)) == (torch.int64, (1, 30, 40))
    assert objects_of(data[0]) == [7, 26000, 26001, 33002]
    assert data.metainfo['has_instances']


def test_without_being_asked_for_they_are_not_read(tmp_path):
    data = CityscapesLabelDataset(cityscapes(tmp_path), pipeline=PLAIN)
    assert 'instance' not in data[0]['inputs']
    assert data.metainfo['has_instances'] is False


def test_they_are_cropped_and_mirrored_with_the_label(tmp_path):
    root = cityscapes(tmp_path)
    for path in root.rglob('*_instanceIds.png'):
        label = Image.open(str(path).replace('instanceIds', 'labelIds'))
        Image.fromarray(np.asarray(label).astype(np.uint16) * 1000).save(path)
    data = CityscapesLabelDataset(root, instances=True, pipeline=CROPS)
    assert all(torch.equal(item['inputs']['instance'], 1000 * item['inputs']['label']) for item in data)


def test_coco_stuff_has_them_in_folders_of_their_own_portraits_and_lists_included(tmp_path):
    for extra in ('', '_portrait'):
        split_folders(tmp_path, [0, 181], extra)
        for number in (1, 2, 10):
            write_label(tmp_path / f'train_inst{extra}' / f'{number}.png', [number, 77])
    data = COCOStuffDataset(tmp_path, instances=True, pipeline=PLAIN)
    assert [objects_of(item)[0] for item in data] == [1, 2, 10] * 2
    (tmp_path / 'train_inst' / 'files.list').write_text('1.png\n2.png\n')
    with pytest.raises(DataError, match=r'train_inst_portrait/1\.png: its name does not fit .*/train_img/10\.jpg'):
        COCOStuffDataset(tmp_path, instances=True)


@pytest.fixture
def folders(tmp_path):
    for name in ('a', 'b'):
        write_image(tmp_path / 'images' / f'{name}.jpg', 0)
        write_label(tmp_path / 'labels' / f'{name}.png', [0, 2])
        write_label(tmp_path / 'objects' / f'{name}.png', [5, 6, 200])

    def build(**settings):
        return LabelFolderDataset(tmp_path / 'labels', tmp_path / 'images', 3, instance_dir=tmp_path / 'objects',
                                  **dict(dict(pipeline=CROPS), **settings))
    return build


def test_folders_of_your_own_may_have_them(folders):
    assert objects_of(folders()[1]) == [5, 6, 200]
    assert len(folders(max_dataset_size=1)) == 1


def test_their_edges_reach_the_network(folders):
    model = MODELS.build(dict(type='SPADEModel', instance_edges=True, generator=dict(
        type='SPADEGenerator', label_channels=4, base_channels=2, crop_size=32)))
    model.check_dataset(folders().metainfo)
    batch = model.data_preprocessor(zoo_collate([folders()[0], folders()[1]]))
    encoded = model.encode(batch['inputs'])
    assert encoded.shape == (2, 4, 32, 32)
    assert 2 <= encoded[0, 3].sum() / 32 <= 4  # one or two borders in the crop, two pixels wide
    fake, _ = model.eval()(**batch, mode='predict')
    assert fake.fake_img.shape == (3, 32, 32)


def test_what_does_not_fit_is_named(folders, tmp_path):
    objects = tmp_path / 'objects'
    write_label(objects / 'a.png', [0], size=(20, 15))
    with pytest.raises(DataError, match=r'/objects/a\.png: has 20x15 pixels, its image .*/images/a\.jpg 40x30'):
        folders()[0]
    write_image(objects / 'a.png', 0)
    with pytest.raises(DataError, match=r'/objects/a\.png: has colours \(mode RGB\), but the instance map needs'):
        folders()[0]
    (objects / 'a.png').rename(objects / 'c.png')
    with pytest.raises(DataError, match=r'/objects/b\.png: its name does not fit that of the image .*/images/a\.jpg'):
        folders()
    (objects / 'c.png').unlink()
    with pytest.raises(DataError, match='/objects: 1 instance maps, but 2 images in .*/images'):
        folders(pairing_check=False)


def test_a_model_that_reads_edges_refuses_data_without_instances_before_it_trains(tmp_path):
    model = MODELS.build(dict(type='SPADEModel', instance_edges=True, generator=dict(
        type='SPADEGenerator', label_channels=152, base_channels=1, crop_size=32)))
    with pytest.raises(DataError, match='is read without instance maps, which model.instance_edges needs. Set inst'):
        model.check_dataset(ADE20KDataset(ade20k(tmp_path)).metainfo)
