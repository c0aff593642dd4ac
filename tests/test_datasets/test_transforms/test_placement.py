import numpy as np
import pytest
from PIL import Image

from genzoo.datasets.transforms import PairedResizeRandomCropFlip, Placement, ResizeRandomCropFlip
from genzoo.errors import ConfigError, DataError


def picture(size, mode='RGB'):
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)).convert(mode)


def results(size=(52, 40), seed=0, **more):
    images = dict(img_a=picture(size), img_b=picture(size), img=picture(size), label=picture(size, 'L'))
    return dict(images, rng=np.random.RandomState(seed), img_a_path='a.jpg', img_path='x.jpg', **more)


@pytest.mark.parametrize(('mode', 'size', 'expected'), [
    ('resize_and_crop', (52, 40), (24, 24)), ('crop', (52, 40), (24, 24)), ('none', (52, 40), (52, 40)),
    ('none', (53, 41), (52, 40)), ('none', (1, 1), (4, 4)), ('scale_width', (60, 50), (36, 32)),
    ('scale_width', (60, 30), (36, 24)), ('scale_width_and_crop', (60, 40), (24, 24)),
    ('scale_shortside', (60, 40), (60, 40)), ('scale_shortside', (20, 18), (40, 36)),
    ('scale_shortside_and_crop', (20, 18), (24, 24))])
def test_sizes_of_the_unpaired_modes(mode, size, expected):
    step = ResizeRandomCropFlip(mode, load_size=36, crop_size=24)
    assert step(results(size))['img_a'].size == expected


@pytest.mark.parametrize(('mode', 'size', 'expected'), [
    ('resize_and_crop', (52, 40), (24, 24)), ('crop', (52, 40), (24, 24)), ('none', (70, 40), (64, 32)),
    ('scale_width', (60, 50), (36, 30)), ('scale_width_and_crop', (60, 50), (24, 24)),
    ('scale_shortside', (60, 40), (54, 36)), ('scale_shortside', (40, 60), (36, 54)),
    ('scale_shortside_and_crop', (60, 40), (24, 24)), ('fixed', (60, 40), (24, 12))])
def test_sizes_of_the_paired_modes(mode, size, expected):
    step = PairedResizeRandomCropFlip(mode, load_size=36, crop_size=24, aspect_ratio=2.0)
    placed = step(results(size))
    assert placed['img'].size == placed['label'].size == expected


@pytest.mark.parametrize(('load_size', 'expected'), [(96, (96, 48)), (36, (36, 24))])
def test_gta2cityscapes_keeps_half_the_height_while_the_crop_fits_in(load_size, expected):
    step = ResizeRandomCropFlip(load_size=load_size, crop_size=24, aspect_ratio=2.0)
    assert step.placement(results(), 'img_a').size == expected
    assert step(results())['img_a'].size == (24, 24)


def test_domains_are_placed_apart_and_pairs_together():
    unpaired = [ResizeRandomCropFlip(load_size=60, crop_size=16)(results(seed=seed)) for seed in range(5)]
    assert any(np.any(np.asarray(item['img_a']) != np.asarray(item['img_b'])) for item in unpaired)
    same = dict(results(), label=results()['img'])
    paired = PairedResizeRandomCropFlip(load_size=60, crop_size=16)(same)
    assert np.array_equal(paired['img'], paired['label'])


def test_all_crops_come_the_last_one_included():
    step = ResizeRandomCropFlip(load_size=18, crop_size=16, flip_prob=0.0)
    rng = np.random.RandomState(0)
    corners = {step.placement(dict(results(), rng=rng), 'img_a').corner for _ in range(100)}
    assert corners == {(x, y) for x in range(3) for y in range(3)}


def test_half_of_the_images_are_mirrored_and_none_if_so_set():
    rng = np.random.RandomState(0)
    flips = [ResizeRandomCropFlip().placement(dict(results(), rng=rng), 'img_a').flip for _ in range(400)]
    assert 160 < sum(flips) < 240
    assert not any(ResizeRandomCropFlip(flip_prob=0.0).placement(results(seed=seed), 'img_a').flip for seed in range(9))


def test_a_label_keeps_its_numbers():
    label = Image.fromarray(np.random.default_rng(0).choice(np.array([0, 7, 200], np.uint8), (40, 52)))
    for mode in ('L', 'I'):
        placed = Placement((31, 17), flip=True)(label.convert(mode))
        assert set(np.unique(placed)) == {0, 7, 200}


def test_the_load_size_becomes_the_crop_size_after_the_given_epochs():
    step = ResizeRandomCropFlip(load_size=286, crop_size=256)
    assert step.placement(results(epoch=500), 'img_a').size == (286, 286)
    step.switch_load_size_after(200)
    assert [step.placement(results(epoch=epoch), 'img_a').size[0] for epoch in (0, 199, 200, 399)] == [
        286, 286, 256, 256]


def test_the_switch_holds_for_other_modes_too():
    step = ResizeRandomCropFlip('scale_width', load_size=36, crop_size=24)
    step.switch_load_size_after(0)
    assert step.placement(results((60, 60)), 'img_a').size == (24, 24)


@pytest.mark.parametrize(('step', 'message'), [
    (ResizeRandomCropFlip('crop', crop_size=48), r'a\.jpg: 52x40 pixels are too few for a crop of 48\. Set a smaller'),
    (PairedResizeRandomCropFlip('scale_width_and_crop', load_size=48, crop_size=48),
     r'x\.jpg: 52x40 pixels, 48x36 in mode scale_width_and_crop, are too few for a crop of 48')])
def test_an_image_too_small_for_the_crop_is_named(step, message):
    with pytest.raises(DataError, match=message):
        step(results())


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ConfigError, match="ResizeRandomCropFlip: mode='zoom': must be one of resize_and_crop, crop"):
        ResizeRandomCropFlip('zoom')
    with pytest.raises(ConfigError, match='load_size=286, crop_size=0: must be at least 1'):
        ResizeRandomCropFlip(crop_size=0)
    with pytest.raises(ConfigError, match='aspect_ratio=0.0: must be width over height'):
        PairedResizeRandomCropFlip('fixed', aspect_ratio=0.0)
    with pytest.raises(ConfigError, match='load_size=200, crop_size=256: the crop must not be larger'):
        PairedResizeRandomCropFlip(load_size=200)
