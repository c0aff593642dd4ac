import numpy as np
import pytest
from PIL import Image

from genzoo.datasets.prepare_pairs import split_pairs
from genzoo.errors import ConfigError, DataError

from .conftest import write_image


@pytest.fixture
def pictures(tmp_path):
    for number, name in enumerate(('a', 'deep/b')):
        write_image(tmp_path / 'in' / f'{name}.png', number, size=(40, 20))
    return tmp_path / 'in'


def test_the_left_half_is_the_input_and_the_right_one_the_truth(pictures, tmp_path):
    report = split_pairs(pictures, tmp_path / 'out')
    assert (report.made, report.kept) == (2, 0)
    whole = np.asarray(Image.open(pictures / 'deep' / 'b.png'))
    parts = [np.asarray(Image.open(tmp_path / 'out' / half / 'deep' / 'b.png')) for half in ('input', 'gt')]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)
    assert parts[0].shape == (20, 20, 3)


def test_a_stopped_run_goes_on_and_makes_nothing_twice_unless_asked(pictures, tmp_path):
    def stop_after_one(items):
        yield items[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        split_pairs(pictures, tmp_path / 'out', progress=stop_after_one)
    report = split_pairs(pictures, tmp_path / 'out')
    assert (report.made, report.kept) == (1, 1)
    assert split_pairs(pictures, tmp_path / 'out', overwrite=True).made == 2


def test_an_odd_width_is_named(pictures, tmp_path):
    write_image(pictures / 'c.png', 2, size=(41, 20))
    with pytest.raises(DataError, match=r'/in/c\.png: has 41x20 pixels, an odd width'):
        split_pairs(pictures, tmp_path / 'out')


def test_what_is_missing_or_would_mix_is_refused(pictures, tmp_path):
    with pytest.raises(DataError, match='/none: the folder of pictures is missing. Check --image-dir'):
        split_pairs(tmp_path / 'none', tmp_path / 'out')
    with pytest.raises(ConfigError, match='--out .*: is, lies in, or holds --image-dir'):
        split_pairs(pictures, pictures / 'out')
