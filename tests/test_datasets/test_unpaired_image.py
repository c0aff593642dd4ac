import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from genzoo.datasets import EpochShuffleSampler, SampleIndex, UnpairedImageDataset, zoo_collate
from genzoo.errors import ConfigError, DataError

from .conftest import write_image

PIPELINE = [
    dict(type='LoadImages', keys=['img_a', 'img_b']), dict(type='ResizeRandomCropFlip', load_size=24, crop_size=16),
    dict(type='PackUnpairedImages')]


@pytest.fixture
def root(tmp_path):
    """Three images of A and five of B for training, two of each for testing."""
    for folder, count in (('trainA', 3), ('trainB', 5), ('testA', 2), ('testB', 2)):
        for number in range(count):
            write_image(tmp_path / 'horses' / folder / f'n{number}.{"jpg" if number else "PNG"}', number)
    return tmp_path / 'horses'


def places(data, indices):
    """Which files of A and B the items show."""
    records = [data.record(int(index), data.rng_of(index)) for index in indices]
    return [tuple(record[key].rsplit('/', 2)[-1] for key in ('img_a_path', 'img_b_path')) for record in records]


def draws(data, start=0, count=10, seed=1):
    sampler = EpochShuffleSampler(data, seed=seed)
    sampler.skip(start)
    return [index for index, _ in zip(sampler, range(count))]


def test_an_item_has_an_image_of_each_domain_in_the_agreed_form(root):
    item = UnpairedImageDataset(root, pipeline=PIPELINE)[1]
    assert {name: (value.dtype, tuple(value.shape)) for name, value in item['inputs'].items()} == dict(
        img_a=(torch.uint8, (3, 16, 16)), img_b=(torch.uint8, (3, 16, 16)))
    assert item['data_samples'].key == 'n1'
    assert item['data_samples'].img_path == str(root / 'trainA' / 'n1.jpg')


def test_the_larger_domain_says_the_length_and_the_smaller_one_comes_again(root):
    data = UnpairedImageDataset(root, serial_batches=True)
    assert len(data) == 5
    assert [a for a, _ in places(data, range(5))] == ['n0.PNG', 'n1.jpg', 'n2.jpg', 'n0.PNG', 'n1.jpg']
    assert [b for _, b in places(data, range(5))] == ['n0.PNG', 'n1.jpg', 'n2.jpg', 'n3.jpg', 'n4.jpg']


def test_both_images_of_a_pair_are_named(root):
    item = UnpairedImageDataset(root, serial_batches=True, pipeline=PIPELINE)[4]['data_samples']
    assert (item.key, item.gt_key) == ('n1', 'n4')


def test_b_is_drawn_independently_of_a_and_all_of_b_come(root):
    data = UnpairedImageDataset(root)
    pairs = places(data, draws(data, count=300))
    assert len(set(pairs)) == 3 * 5
    again = places(data, [SampleIndex(0, 1, position) for position in range(40)])
    assert {b for _, b in again} == {'n0.PNG', 'n1.jpg', 'n2.jpg', 'n3.jpg', 'n4.jpg'}


def test_what_is_drawn_depends_on_seed_and_place_in_the_stream_only(root):
    data = UnpairedImageDataset(root)
    whole = places(data, draws(data, count=40))
    assert places(UnpairedImageDataset(root), draws(data, start=17, count=23)) == whole[17:]
    assert places(data, draws(data, count=40, seed=2)) != whole


def test_batches_do_not_depend_on_workers_or_resuming(root):
    def batches(num_workers, start=0):
        data = UnpairedImageDataset(root, pipeline=PIPELINE)
        sampler = EpochShuffleSampler(data, seed=1)
        sampler.skip(start * 2)
        loader = DataLoader(data, 2, sampler=sampler, num_workers=num_workers, collate_fn=zoo_collate)
        return [batch['inputs'] for batch, _ in zip(loader, range(6 - start))]

    whole = batches(0)
    for other in (batches(2), whole[:4] + batches(2, start=4)):
        assert all(torch.equal(one[key], two[key]) for one, two in zip(whole, other) for key in ('img_a', 'img_b'))


def test_files_of_one_name_and_other_extensions_are_two_items(root):
    write_image(root / 'testA' / 'n1.png', 9)
    data = UnpairedImageDataset(root, phase='test')
    assert [data.record(index, None)['key'] for index in range(3)] == ['n0', 'n1.jpg', 'n1.png']


def test_testing_goes_in_order(root):
    assert places(UnpairedImageDataset(root, phase='test'), range(2)) == [('n0.PNG', 'n0.PNG'), ('n1.jpg', 'n1.jpg')]


def test_validation_images_stand_in_for_missing_test_images(root):
    for domain in 'AB':
        (root / f'test{domain}').rename(root / f'val{domain}')
    data = UnpairedImageDataset(root, phase='test')
    assert len(data) == 2
    assert data.serial_batches


def test_any_phase_with_two_folders_can_be_named(root):
    for domain in 'AB':
        (root / f'test{domain}').rename(root / f'demo{domain}')
    assert len(UnpairedImageDataset(root, phase='demo')) == 2


def test_the_other_direction_swaps_the_domains_after_loading(root):
    forth, back = (UnpairedImageDataset(root, direction=direction) for direction in ('AtoB', 'BtoA'))
    indices = draws(forth)
    assert [pair[::-1] for pair in places(back, indices)] == places(forth, indices)
    assert back.record(0, np.random.RandomState(0))['key'] == back.record(0, np.random.RandomState(0))[
        'img_a_path'].rsplit('/', 1)[1].split('.')[0]


def test_each_domain_is_cut_to_the_maximum(root):
    data = UnpairedImageDataset(root, max_dataset_size=2, serial_batches=True)
    assert places(data, range(len(data))) == [('n0.PNG', 'n0.PNG'), ('n1.jpg', 'n1.jpg')]


def test_folders_are_searched_in_all_depths_through_links_and_sorted_as_strings(root, tmp_path):
    write_image(root / 'trainA' / 'b' / 'deep' / 'x.tif', 7)
    write_image(tmp_path / 'elsewhere' / 'y.BMP', 8)
    write_image(root / 'trainA' / 'n10.jpg', 8)
    (root / 'trainA' / 'link').symlink_to(tmp_path / 'elsewhere')
    (root / 'trainA' / 'b' / 'above').symlink_to(root / 'trainA')
    (root / 'trainA' / 'readme.txt').write_text('no picture')
    data = UnpairedImageDataset(root, serial_batches=True)
    found = [path.removeprefix(f'{root}/trainA/') for path in data.paths['A']]
    assert found == ['b/deep/x.tif', 'link/y.BMP', 'n0.PNG', 'n1.jpg', 'n10.jpg', 'n2.jpg']
    assert data.record(0, None)['key'] == 'b/deep/x'


def test_a_missing_folder_is_named(root):
    with pytest.raises(DataError, match=r'/horses/oddA: the folder of domain A is missing\..*trainA/ and trainB/'):
        UnpairedImageDataset(root, phase='odd')
    with pytest.raises(DataError, match=r'/nowhere: the data set is missing\. Set data_root\.'):
        UnpairedImageDataset(root / 'nowhere')


def test_an_empty_folder_is_named(root):
    for path in (root / 'trainB').iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r'/trainB: the folder of domain B holds no file that ends in \.jpg'):
        UnpairedImageDataset(root)


def test_a_truncated_image_is_named(root):
    path = root / 'trainA' / 'n1.jpg'
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r'/trainA/n1\.jpg: truncated or not an image'):
        UnpairedImageDataset(root, pipeline=PIPELINE)[1]
    assert UnpairedImageDataset(root, pipeline=PIPELINE, on_error='skip')[1]['data_samples'].key == 'n2'


def test_an_image_smaller_than_the_crop_is_named(root):
    write_image(root / 'trainA' / 'n1.jpg', 1, size=(40, 10))
    pipeline = [PIPELINE[0], dict(type='ResizeRandomCropFlip', mode='crop', crop_size=16), PIPELINE[2]]
    with pytest.raises(DataError, match=r'/trainA/n1\.jpg: 40x10 pixels are too few for a crop of 16\. Set a smaller'):
        UnpairedImageDataset(root, pipeline=pipeline)[1]


def test_grey_and_transparent_images_are_read_as_rgb(root):
    Image.new('LA', (20, 20), (9, 128)).save(root / 'trainA' / 'n0.PNG')
    image = UnpairedImageDataset(root, pipeline=PIPELINE)[0]['inputs']['img_a']
    assert image.unique().tolist() == [9]


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(direction='both'), "direction='both': must be 'AtoB' or 'BtoA'"),
    (dict(max_dataset_size=0), 'max_dataset_size=0: must be at least 1')])
def test_what_has_no_meaning_is_refused(root, settings, message):
    with pytest.raises(ConfigError, match=message):
        UnpairedImageDataset(root, **settings)
