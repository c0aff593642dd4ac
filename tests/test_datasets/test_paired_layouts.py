import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from genzoo.datasets import (
    ADE20KDataset,
    CityscapesLabelDataset,
    COCOStuffDataset,
    EpochShuffleSampler,
    FacadesDataset,
    LabelFolderDataset,
    zoo_collate,
)
from genzoo.errors import ConfigError, DataError

from .conftest import write_image
from .labelled import ade20k, cityscapes, split_folders, write_label, write_pair

PLAIN = [dict(type='LoadImages'), dict(type='LoadLabel'), dict(type='PackLabelledImage')]
CROPS = [*PLAIN[:2], dict(type='PairedResizeRandomCropFlip', load_size=24, crop_size=16), PLAIN[2]]


def values(item):
    return item['inputs']['label'].unique().tolist()


def names(data):
    return [image.rsplit('/', 1)[1] for _, image in data.pairs]


def test_an_item_has_the_agreed_form(tmp_path):
    item = ADE20KDataset(ade20k(tmp_path), pipeline=CROPS)[0]
    assert {name: (value.dtype, tuple(value.shape)) for name, value in item['inputs'].items()} == dict(
        label=(torch.int64, (1, 16, 16)), img=(torch.uint8, (3, 16, 16)))
    assert item['data_samples'].key == 'images/training/ADE_train_00000001'
    assert item['data_samples'].img_path == str(tmp_path / 'images/training/ADE_train_00000001.jpg')


def test_ade20k_numbers_reach_the_network_as_they_are_in_the_file(tmp_path):
    data = ADE20KDataset(ade20k(tmp_path), pipeline=PLAIN)
    assert values(data[1]) == [0, 1, 2, 150]
    assert data.metainfo['num_classes'] == 151
    assert (len(data), len(ADE20KDataset(tmp_path, phase='test'))) == (3, 2)


def test_ade20k_counts_from_zero_with_unknown_last_if_asked(tmp_path):
    data = ADE20KDataset(ade20k(tmp_path), reduce_zero_label=True, pipeline=PLAIN)
    assert values(data[1]) == [0, 1, 149, 150]
    label = data[1]['inputs']['label'][0]
    assert label[0, 0] == 150
    assert data.metainfo['num_classes'] == 151


@pytest.mark.parametrize('reduced', [False, True])
def test_255_is_ade20ks_unknown(tmp_path, reduced):
    write_label(ade20k(tmp_path) / 'images/training/ADE_train_00000001.png', [255])
    assert values(ADE20KDataset(tmp_path, reduce_zero_label=reduced, pipeline=PLAIN)[0]) == [150]


def test_annotations_may_lie_in_a_tree_of_their_own(tmp_path):
    for path in sorted(ade20k(tmp_path).rglob('*.png')):
        (tmp_path / 'annotations').mkdir(exist_ok=True)
        path.rename(tmp_path / 'annotations' / path.name)
    assert len(ADE20KDataset(tmp_path, pipeline=PLAIN)) == 3


def test_cityscapes_files_are_paired_by_city_sequence_and_frame(tmp_path):
    data = CityscapesLabelDataset(cityscapes(tmp_path), pipeline=PLAIN)
    assert len(data) == 4
    assert values(data[0]) == [0, 7, 33]
    assert data[3]['data_samples'].key == 'bochum/bochum_000001_000019_leftImg8bit'
    assert (len(CityscapesLabelDataset(tmp_path, phase='test')), data.metainfo['num_classes']) == (2, 35)


def test_facades_are_read_as_indices_of_their_palette_in_natural_order(tmp_path):
    data = FacadesDataset(split_folders(tmp_path, [0, 5, 12]), pipeline=PLAIN)
    assert names(data) == ['1.jpg', '2.jpg', '10.jpg']
    assert values(data[0]) == [0, 5, 12]
    assert (len(FacadesDataset(tmp_path, phase='test')), data.metainfo['num_classes']) == (1, 13)


def test_coco_stuff_has_183_classes_and_takes_portraits_in_training(tmp_path):
    data = COCOStuffDataset(split_folders(tmp_path, [0, 181, 255]), pipeline=PLAIN)
    assert values(data[0]) == [0, 181, 182]
    assert data.metainfo['num_classes'] == 183
    split_folders(tmp_path, [3], extra='_portrait')
    assert len(COCOStuffDataset(tmp_path)) == 6
    assert len(COCOStuffDataset(tmp_path, phase='test')) == 1


def test_a_list_of_files_says_which_are_used(tmp_path):
    split_folders(tmp_path, [0])
    (tmp_path / 'train_img' / 'files.list').write_text('1.jpg\n10.jpg\n')
    (tmp_path / 'train_label' / 'files.list').write_text('1.png\n10.png\n')
    assert names(COCOStuffDataset(tmp_path)) == ['1.jpg', '10.jpg']
    (tmp_path / 'train_img' / 'files.list').write_text('1.jpg\n11.jpg\n')
    with pytest.raises(DataError, match=r'/train_img/files\.list: line 2: .*/11\.jpg is missing'):
        COCOStuffDataset(tmp_path)
    (tmp_path / 'train_img' / 'files.list').write_text('\n')
    with pytest.raises(DataError, match=r'files\.list: lists no file'):
        COCOStuffDataset(tmp_path)


def folder(tmp_path, settings=None, labels=('a', 'b'), images=('a', 'b'), content=(0, 3)):
    for name in labels:
        write_label(tmp_path / 'labels' / f'{name}.png', content)
    for name in images:
        write_image(tmp_path / 'images' / f'{name}.jpg', 0)
    return LabelFolderDataset(tmp_path / 'labels', tmp_path / 'images', **{'pipeline': PLAIN, **(settings or {})})


def test_folders_of_your_own_are_read(tmp_path):
    data = folder(tmp_path, dict(label_nc=4))
    assert values(data[0]) == [0, 3]
    assert (len(data), data.metainfo['num_classes'], data[1]['data_samples'].key) == (2, 4, 'b')
    assert folder(tmp_path, dict(label_nc=4, has_unknown=True)).metainfo['num_classes'] == 5


def test_a_label_out_of_range_is_named_with_its_place(tmp_path):
    with pytest.raises(DataError, match=r'/labels/a\.png: its label 3 \(column 20, row 0\) .* must be 0\.\.2'):
        folder(tmp_path, dict(label_nc=3))[0]
    write_label(tmp_path / 'labels' / 'a.png', [255])
    with pytest.raises(DataError, match=r'its label 255 .* must be 0\.\.12\. Mend the file, or set label_nc'):
        folder(tmp_path, labels=())[0]
    write_label(ade20k(tmp_path / 'ade') / 'images/training/ADE_train_00000001.png', [151])
    with pytest.raises(DataError, match=r'its label 151 .* must be 0\.\.150 or 255'):
        ADE20KDataset(tmp_path / 'ade', pipeline=PLAIN)[0]


def test_names_that_do_not_fit_are_named(tmp_path):
    with pytest.raises(DataError, match=r'/labels/b\.png: its name does not fit .*/images/c\.jpg'):
        folder(tmp_path, images=('a', 'c'))
    assert len(folder(tmp_path, dict(pairing_check=False), images=())) == 2


def test_what_has_no_partner_is_named(tmp_path):
    with pytest.raises(DataError, match=r'/images/c\.jpg: has no label map of its name'):
        folder(tmp_path, images=('a', 'b', 'c'))
    with pytest.raises(DataError, match=r'/labels: 2 label maps, but 3 images in .*/images'):
        folder(tmp_path, dict(pairing_check=False), images=())


def test_label_and_image_of_different_size_are_named(tmp_path):
    data = folder(tmp_path)
    write_label(tmp_path / 'labels' / 'b.png', [0], size=(20, 15))
    with pytest.raises(DataError, match=r'/labels/b\.png: has 20x15 pixels, its image .*/images/b\.jpg 40x30'):
        data[1]


def test_a_label_map_of_colours_is_refused_with_a_remedy(tmp_path):
    data = folder(tmp_path)
    write_image(tmp_path / 'labels' / 'a.png', 0)
    with pytest.raises(DataError, match=r'/labels/a\.png: has colours \(mode RGB\), .* Convert it to a grey'):
        data[0]


def test_a_label_map_stored_as_jpeg_is_refused(tmp_path):
    data = folder(tmp_path)
    Image.new('L', (40, 30)).save(tmp_path / 'labels' / 'a.png', format='JPEG')
    with pytest.raises(DataError, match=r'/labels/a\.png: is a JPEG, which changes numbers'):
        data[0]


def test_sixteen_bits_are_read(tmp_path):
    data = folder(tmp_path, dict(label_nc=400))
    Image.new('I;16', (40, 30), 300).save(tmp_path / 'labels' / 'a.png')
    assert values(data[0]) == [300]


def test_truncated_and_missing_files_are_named(tmp_path):
    data = folder(tmp_path)
    path = tmp_path / 'labels' / 'a.png'
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r'/labels/a\.png: truncated or not an image'):
        data[0]
    (tmp_path / 'labels' / 'b.png').unlink()
    with pytest.raises(DataError, match=r'/labels/b\.png: the label map is missing'):
        data[1]
    assert len(folder(tmp_path, dict(on_error='skip'), labels=('b',))) == 2


def test_label_and_image_are_cropped_and_mirrored_alike(tmp_path):
    stripes = list(range(10))
    for name in ('a', 'b'):
        write_label(tmp_path / 'labels' / f'{name}.png', stripes)
        Image.open(tmp_path / 'labels' / f'{name}.png').convert('RGB').point(lambda value: value * 20).save(
            tmp_path / 'images.png')
        (tmp_path / 'images').mkdir(exist_ok=True)
        (tmp_path / 'images.png').rename(tmp_path / 'images' / f'{name}.png')
    crop = dict(type='PairedResizeRandomCropFlip', mode='crop', crop_size=16)
    data = LabelFolderDataset(tmp_path / 'labels', tmp_path / 'images', 10, pipeline=[*PLAIN[:2], crop, PLAIN[2]])
    items = [data[index]['inputs'] for index, _ in zip(EpochShuffleSampler(data, seed=0), range(12))]
    assert all(torch.equal(item['label'][0] * 20, item['img'][0].long()) for item in items)
    assert len({tuple(item['label'][0, 0].tolist()) for item in items}) > 6


@pytest.mark.parametrize(('make', 'message'), [
    (lambda root: ADE20KDataset(root / 'no'), '/no: the data set is missing'),
    (lambda root: ADE20KDataset(root), 'holds no image .* with _train_ in its path'),
    (lambda root: CityscapesLabelDataset(root), '/gtFine/train: the folder of label maps is missing'),
    (lambda root: FacadesDataset(root), '/train_label: the folder of label maps is missing'),
    (lambda root: COCOStuffDataset(root, phase='test'), '/val_label: the folder of label maps is missing'),
    (lambda root: LabelFolderDataset(root, root), r'the folder of label maps holds no file that ends in \.png')])
def test_missing_folders_are_named(tmp_path, make, message):
    with pytest.raises(DataError, match=message):
        make(tmp_path)


def test_what_has_no_meaning_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="phase='val': must be 'train' or 'test'"):
        ADE20KDataset(ade20k(tmp_path / 'ade'), phase='val')
    with pytest.raises(ConfigError, match='label_nc=0: must be at least 1'):
        folder(tmp_path, dict(label_nc=0))
    with pytest.raises(ConfigError, match='max_dataset_size=0'):
        ADE20KDataset(tmp_path / 'ade', max_dataset_size=0)


def test_batches_do_not_depend_on_workers(tmp_path):
    data = ADE20KDataset(ade20k(tmp_path), pipeline=CROPS)
    loaders = [DataLoader(data, 2, sampler=EpochShuffleSampler(data, seed=3), num_workers=workers,
                          collate_fn=zoo_collate) for workers in (0, 2)]
    for one, two, _ in zip(*loaders, range(4)):
        assert all(torch.equal(one['inputs'][key], two['inputs'][key]) for key in ('label', 'img'))


def test_numbers_in_names_are_sorted_as_numbers(tmp_path):
    write_pair(tmp_path / 'x_train_2.jpg', tmp_path / 'x_train_2.png', [1])
    write_pair(tmp_path / 'x_train_10.jpg', tmp_path / 'x_train_10.png', [2])
    assert [values(item) for item in ADE20KDataset(tmp_path, pipeline=PLAIN)] == [[1], [2]]
