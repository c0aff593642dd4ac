import numpy as np
import pytest
from PIL import Image, ImageOps

from genzoo.datasets.transforms import (
    BBoxCrop,
    LoadTextImage,
    RandomCrop,
    RandomFlip,
    ResizeShortSide,
    bbox_crop_box,
    load_image,
    short_side_size,
)
from genzoo.datasets.transforms.image import to_array
from genzoo.errors import DataError


def ramp(width, height):
    """An image whose pixel (x, y) is (x, y, 0)."""
    y, x = np.mgrid[:height, :width].astype(np.uint8)
    return Image.fromarray(np.stack([x, y, np.zeros_like(x)], axis=-1))


def rng(seed=0):
    return np.random.RandomState(seed)


def test_the_square_reaches_three_quarters_of_the_longer_side_from_the_centre():
    # r = int(.75 * 150) = 112, centre = (135, 87)
    assert bbox_crop_box((60, 27, 150, 120), 450, 300) == (23, 0, 247, 199)


def test_the_square_is_cut_at_the_border():
    assert bbox_crop_box((0, 0, 100, 100), 90, 80) == (0, 0, 90, 80)


@pytest.mark.parametrize(('size', 'scaled'), [((224, 199), (342, 304)), ((199, 224), (304, 342)),
                                              ((304, 304), (304, 304)), ((10, 10), (304, 304))])
def test_the_longer_side_is_truncated(size, scaled):
    assert short_side_size(*size, 304) == scaled
    assert ResizeShortSide(304)(dict(img=ramp(*size)))['img'].size == scaled


def test_shrinking_is_antialiased():
    stripes = Image.fromarray(np.tile(np.uint8([0, 255]), (64, 32))[..., None].repeat(3, -1))
    small = np.asarray(ResizeShortSide(16)(dict(img=stripes))['img'])
    assert np.abs(small[4:-4, 4:-4].astype(int) - 127).max() < 8


@pytest.mark.parametrize('mode', ['L', 'P', 'RGBA', 'CMYK'])
def test_pictures_of_every_mode_become_rgb(tmp_path, mode):
    path = tmp_path / ('a.tif' if mode == 'CMYK' else 'a.png')
    ramp(8, 6).convert(mode).save(path)
    image = LoadTextImage()(dict(img_path=path))['img']
    assert (image.mode, image.size) == ('RGB', (8, 6))


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp'])
def test_a_truncated_picture_is_named_in_the_error(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(DataError, match=rf'a\.{suffix}: truncated') as error:
        load_image(path)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('content', [b'', b'<html>Not found</html>', b'\xff\xd8\xff\xe0' + b'\0' * 50])
def test_what_is_not_a_picture_is_named_in_the_error(tmp_path, content):
    (tmp_path / 'a.jpg').write_bytes(content)
    with pytest.raises(DataError, match=r'a\.jpg: .*not an image'):
        load_image(tmp_path / 'a.jpg')


def test_a_missing_picture_is_named_in_the_error(tmp_path):
    with pytest.raises(DataError, match=r'a\.jpg: the image is missing'):
        load_image(tmp_path / 'a.jpg')


def test_a_box_outside_of_the_image_is_refused():
    with pytest.raises(DataError, match=r'b\.jpg: the bounding box \(90, 5, 10, 10\).*40x30'):
        BBoxCrop()(dict(img=ramp(40, 30), bbox=(90, 5, 10, 10), img_path='b.jpg'))


def test_crops_are_windows_of_the_image_and_reach_every_place():
    corners = set()
    for seed in range(80):
        crop = np.asarray(RandomCrop(8)(dict(img=ramp(10, 9), rng=rng(seed)))['img']).astype(int)
        left, top = crop[0, 0, :2]
        assert np.array_equal(crop[..., 0], np.tile(np.arange(left, left + 8), (8, 1)))
        corners.add((left, top))
    assert corners == {(left, top) for left in range(3) for top in range(2)}


def test_an_image_smaller_than_the_crop_is_refused():
    with pytest.raises(DataError, match=r'b\.jpg: 10x7 pixels are too few for a crop of 8'):
        RandomCrop(8)(dict(img=ramp(10, 7), rng=rng(), img_path='b.jpg'))


def test_half_of_the_images_are_mirrored():
    generator, image = rng(), ramp(4, 3)
    results = [np.asarray(RandomFlip()(dict(img=image, rng=generator))['img']) for _ in range(400)]
    flipped = [np.array_equal(result, np.asarray(image)[:, ::-1]) for result in results]
    assert all(flip or np.array_equal(result, np.asarray(image)) for flip, result in zip(flipped, results))
    assert 150 < sum(flipped) < 250


def test_channels_come_first_and_pixels_are_kept():
    array = to_array(ramp(5, 4))
    assert array.shape == (3, 4, 5)
    assert array[:, 2, 3].tolist() == [3, 2, 0]
    assert array.flags.writeable
    assert array.flags.c_contiguous


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_picture_is_turned_as_its_camera_was_held(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    ramp(8, 6).save(tmp_path / 'phone.png', exif=exif)
    with Image.open(tmp_path / 'phone.png') as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
    assert (np.asarray(load_image(tmp_path / 'phone.png', upright=True)) == upright).all()
    assert load_image(tmp_path / 'phone.png').size == (8, 6)  # as stored: boxes of data sets count these pixels
    assert upright.shape[:2] == ((6, 8) if orientation < 5 else (8, 6))


def test_a_picture_whose_exif_data_is_broken_is_read_as_it_lies(tmp_path):
    ramp(8, 6).save(tmp_path / 'a.png', exif=b'Exif\0\0nonsense')
    assert load_image(tmp_path / 'a.png').size == (8, 6)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_of_sixteen_bits_the_upper_eight_are_taken(tmp_path, suffix):
    grey = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    Image.fromarray(grey).save(tmp_path / f'deep{suffix}')
    assert np.array_equal(np.asarray(load_image(tmp_path / f'deep{suffix}'))[..., 1], grey >> 8)
