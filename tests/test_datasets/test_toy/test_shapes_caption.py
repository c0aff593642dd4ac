import numpy as np
import pytest
import torch

from genzoo.datasets import SampleIndex, ShapesCaptionDataset
from genzoo.datasets.toy.shapes_caption import NOISE_QUANTILES, NOISE_SIGMA, draw_shape, shape_mask
from genzoo.errors import ConfigError
from genzoo.utils.shapes import CAPTIONS, attributes_of, caption_attributes, read_attributes


def stack(items):
    return np.stack([item['inputs']['img'].numpy() for item in items])


def captions_of(items):
    return [item['data_samples'].caption for item in items]


def test_the_shapes_have_the_areas_of_their_definition():
    areas = {shape: int(shape_mask(shape, 10, (16, 15), 32).sum()) for shape in ('circle', 'square', 'cross')}
    assert areas == dict(circle=317, square=17 ** 2, cross=2 * 23 * 9 - 9 ** 2)


def test_a_shapes_centre_is_x_then_y():
    rows, columns = np.nonzero(shape_mask('cross', 5, (20, 12), 32))
    assert (columns.mean(), rows.mean()) == (20, 12)


def test_the_noise_is_normal():
    assert NOISE_QUANTILES.std() == pytest.approx(NOISE_SIGMA, rel=1e-3)
    background = draw_shape(CAPTIONS.index('a small red circle on a grey background'), 32,
                            np.random.RandomState(0))[:6] / 255
    assert background.mean() == pytest.approx(.5, abs=.003)
    assert background.std() == pytest.approx(NOISE_SIGMA, rel=.15)


def test_no_shape_leaves_the_image():
    for seed in range(200):
        image = draw_shape(CAPTIONS.index('a large red cross on a black background'), 32,
                           np.random.RandomState(seed))
        arms = (image[..., 0] > 128).any(0).sum(), (image[..., 0] > 128).any(1).sum()
        assert arms[0] == arms[1] in (17, 19, 23)


@pytest.mark.parametrize('size', [32, 64])
def test_the_test_split_shows_what_its_captions_say(size):
    data = ShapesCaptionDataset('test', length=216, size=size)
    items = [data[index] for index in range(len(data))]
    assert captions_of(items) == CAPTIONS * 2
    assert [int(item['inputs']['class_id']) for item in items] == list(range(108)) * 2
    read = read_attributes(stack(items))
    said = [caption_attributes(caption) for caption in captions_of(items)]
    for name in ('background', 'colour', 'size'):
        assert read[name].tolist() == [attributes[name] for attributes in said]


def test_a_test_picture_is_always_the_same_but_differs_between_rounds_and_seeds():
    data, other = ShapesCaptionDataset('test', length=216), ShapesCaptionDataset('test', length=216, seed=1)
    pictures = stack([data[5], data[SampleIndex(5, 9, 77)], data[113], other[5]])
    assert np.array_equal(pictures[0], pictures[1])
    assert all(not np.array_equal(pictures[0], picture) for picture in pictures[2:])


def test_training_draws_all_captions_anew_at_each_position():
    data = ShapesCaptionDataset(length=2)
    items = [data[SampleIndex(0, 1, position)] for position in range(1500)]
    assert set(captions_of(items)) == set(CAPTIONS)
    again = data[SampleIndex(1, 1, 7)]
    assert torch.equal(again['inputs']['img'], items[7]['inputs']['img'])


def test_an_item_has_the_documented_fields():
    item = ShapesCaptionDataset()[3]
    assert {name: (tuple(value.shape), value.dtype) for name, value in item['inputs'].items()} == dict(
        img=((3, 32, 32), torch.uint8), caption_ids=((18,), torch.int64),
        caption_length=((), torch.int64), class_id=((), torch.int64))
    assert item['data_samples'].key == 'train_000003'
    assert item['data_samples'].caption_index == 0


def test_the_vocabulary_has_18_words_and_with_paraphrases_19():
    assert len(ShapesCaptionDataset().metainfo['vocabulary']) == 18
    assert len(ShapesCaptionDataset(paraphrases=True).metainfo['vocabulary']) == 19


def test_paraphrases_differ_in_length_and_agree_with_the_picture():
    data = ShapesCaptionDataset(paraphrases=True)
    items = [data[index] for index in range(300)]
    lengths = {int(item['inputs']['caption_length']) for item in items}
    assert lengths == {6, 7, 8}
    for item in items:
        said = caption_attributes(item['data_samples'].caption)
        assert said.items() <= attributes_of(int(item['inputs']['class_id'])).items()
    assert {item['data_samples'].caption_index for item in items} == {0, 1, 2, 3}


@pytest.mark.parametrize('args', [dict(split='val'), dict(size=48)])
def test_arguments_out_of_range_are_refused(args):
    with pytest.raises(ConfigError, match=next(iter(args))):
        ShapesCaptionDataset(**args)
