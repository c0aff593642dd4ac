"""Whatever lies in files of labels and lists of images, their readers say what is wrong with it, or read it."""
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from genzoo.datasets.celebamask import read_indices
from genzoo.datasets.transforms import LabelRule, LoadDenseLabel, read_label, read_pose, render_pose

from .fuzzing import damaged, only_our_errors

WORDS = st.lists(st.one_of(st.floats().map(str), st.integers(-2, 4).map(str), st.sampled_from(
    ['x', '9' * 5000, '1e400', '-1', '\x00'])), max_size=24).map(' '.join)


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Where one fuzzed file after the other is written."""
    return tmp_path_factory.mktemp('fuzzed')


def picture(mode: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8)).convert(mode).save(content, format='PNG')
    return content.getvalue()


@given(data=st.one_of(st.binary(max_size=60), *(damaged(picture(mode)) for mode in ('L', 'P', 'I;16', 'RGBA'))))
def test_label_maps(folder, data):
    path = folder / 'label.png'
    path.write_bytes(data)
    with only_our_errors():
        label = read_label(path)
        assert label.ndim == 2
        assert LabelRule(40, has_unknown=True)(label, path).max() <= 40


@given(text=st.one_of(st.text(), WORDS.map(lambda words: words.replace(' ', '\n'))))
def test_lists_of_numbers(folder, text):
    path = folder / 'train.txt'
    path.write_bytes(text.encode('utf-8', 'surrogatepass'))
    with only_our_errors():
        assert min(read_indices(path)) >= 0


@given(candidate=st.lists(WORDS, max_size=3).map('\n'.join), subset=st.lists(WORDS, max_size=2).map('\n'.join))
def test_key_points(folder, candidate, subset):
    for name, text in (('candidate', candidate), ('subset', subset)):
        (folder / name).write_text(text)
    with only_our_errors():
        assert render_pose(read_pose(folder / 'candidate', folder / 'subset'), 8, 6).shape == (20, 6, 8)


def saved(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


@given(data=st.one_of(st.binary(max_size=80), damaged(saved(np.zeros((2, 6, 8), np.float32))),
                      damaged(saved(np.array([[['a']]])))))
def test_dense_labels(folder, data):
    path = folder / 'a.npy'
    path.write_bytes(data)
    with only_our_errors():
        results = dict(label_path=path, img_path='a.jpg', img=Image.new('RGB', (8, 6)), num_channels=2)
        assert LoadDenseLabel()(results)['label'].shape == (2, 6, 8)
