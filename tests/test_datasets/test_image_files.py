import pytest

from genzoo.datasets.image_files import files_below, key_below, keys_below, list_images, natural_key
from genzoo.errors import DataError


def test_numbers_in_names_count_as_numbers_and_case_does_not_count():
    assert sorted(['b10', 'B9', 'a', '10', '9x', 'b²'], key=natural_key) == ['9x', '10', 'a', 'B9', 'b10', 'b²']


def test_links_to_folders_above_and_hidden_files_are_no_trouble(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'up').symlink_to(tmp_path)
    for name in ('a/x.JPG', '.x.jpg', 'y.jpeg', 'z.txt', 'jpg'):
        (tmp_path / name).write_bytes(b'')
    assert [path.removeprefix(f'{tmp_path}/') for path in files_below(tmp_path, ('.jpg', '.jpeg'))] == [
        'a/x.JPG', 'y.jpeg']


def test_what_was_looked_for_is_said(tmp_path):
    with pytest.raises(DataError, match=r'the masks holds no file that ends in \.npy\. Look elsewhere'):
        list_images(tmp_path, 'the masks', 'Look elsewhere.', ('.npy',))


def test_a_key_is_the_place_below_the_folder(tmp_path):
    assert key_below(f'{tmp_path}/a/b.c.png', tmp_path) == 'a/b.c'


def test_files_that_differ_in_their_extension_only_keep_it_in_their_keys(tmp_path):
    paths = [str(tmp_path / name) for name in ('a.jpg', 'a.png', 'b/a.jpg', 'c.d.tif')]
    assert keys_below(paths, tmp_path) == ['a.jpg', 'a.png', 'b/a', 'c.d']
