import numpy as np
import torch

from genzoo.datasets import SampleIndex, UnpairedScenesDataset
from genzoo.datasets.toy.unpaired_scenes import colour_mask, draw_mask, scene_shape
from genzoo.utils.translation_toys import SCENE_A, SCENE_B, from_bytes, nearest_colour


def colours(scene):
    return [scene['background'], scene['shape']]


def test_shapes_have_the_areas_of_their_definition():
    areas = {kind: int(scene_shape(kind, 10, (16, 15), 32).sum()) for kind in ('disc', 'square', 'triangle')}
    assert areas['disc'] == 317
    assert areas['square'] == 17 ** 2
    assert abs(areas['triangle'] - 20 * 20 / 2) <= 25  # its border belongs to it


def test_a_shapes_centre_is_x_then_y():
    rows, columns = np.nonzero(scene_shape('square', 5, (20, 12), 32))
    assert (columns.mean(), rows.mean()) == (20, 12)


def test_no_shape_is_cut_by_the_border():
    whole = {int(scene_shape(kind, 5, (16, 16), 32).sum()) for kind in ('disc', 'square', 'triangle')}
    drawn = {int(draw_mask(np.random.RandomState(seed), 32, (1, 1), (5, 5)).sum()) for seed in range(200)}
    assert drawn == whole


def test_the_colours_of_a_domain_tell_its_mask():
    item = UnpairedScenesDataset('test')[3]
    image = from_bytes(item['inputs']['img_a'].numpy()[None])
    mask = nearest_colour(image, colours(SCENE_A))[0] == 1
    assert np.array_equal(mask, item['data_samples'].mask.numpy())


def test_the_noise_has_its_deviation_about_the_domains_colour():
    image = from_bytes(colour_mask(np.zeros((64, 64), bool), SCENE_B, 0.05, np.random.RandomState(0)))
    assert np.allclose(image.mean((0, 1)), SCENE_B['background'], atol=0.005)
    assert np.allclose(image.std((0, 1)), 0.05, rtol=0.1)


def test_shapes_of_b_are_drawn_independently_of_those_of_a():
    items = [UnpairedScenesDataset('test')[index] for index in range(40)]
    masks_a = np.stack([item['data_samples'].mask.numpy() for item in items])
    images_b = from_bytes(np.stack([item['inputs']['img_b'].numpy() for item in items]))
    masks_b = nearest_colour(images_b, colours(SCENE_B)) == 1
    assert not any(np.array_equal(a, b) for a, b in zip(masks_a, masks_b))
    correlation = np.corrcoef(masks_a.mean((1, 2)), masks_b.mean((1, 2)))[0, 1]
    assert abs(correlation) < 0.4


def test_scenes_of_b_may_be_fuller():
    plain, fuller = (UnpairedScenesDataset('test', num_shapes=(1, 2), num_shapes_b=of_b) for of_b in (None, (3, 5)))
    assert all(torch.equal(plain[index]['data_samples'].mask, fuller[index]['data_samples'].mask) for index in range(9))
    images = [from_bytes(np.stack([data[index]['inputs']['img_b'].numpy() for index in range(30)]))
              for data in (plain, fuller)]
    shares = [(nearest_colour(stack, colours(SCENE_B)) == 1).mean() for stack in images]
    assert shares[1] > 1.8 * shares[0]


def test_a_test_item_is_always_the_same_and_training_items_are_not():
    test, train = UnpairedScenesDataset('test'), UnpairedScenesDataset('train')
    first, second = test[5], test[SampleIndex(5, 1, 99)]
    assert torch.equal(first['inputs']['img_a'], second['inputs']['img_a'])
    first, second = train[SampleIndex(5, 1, 98)], train[SampleIndex(5, 1, 99)]
    assert not torch.equal(first['inputs']['img_a'], second['inputs']['img_a'])


def test_an_item_has_the_documented_fields():
    item = UnpairedScenesDataset()[2]
    assert {name: (tuple(value.shape), value.dtype) for name, value in item['inputs'].items()} == dict(
        img_a=((3, 32, 32), torch.uint8), img_b=((3, 32, 32), torch.uint8))
    assert item['data_samples'].key == 'train_000002'
    assert (item['data_samples'].mask.shape, item['data_samples'].mask.dtype) == ((32, 32), torch.bool)
