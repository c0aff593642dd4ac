import numpy as np
import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import ShapesAttributes, change_inside_foreground, relative_change
from genzoo.evaluation.shapes_attributes import mask_correlation
from genzoo.utils.shapes import BACKGROUNDS, COLOURS, SIZES


def _square(size, colour, background, centre=(16, 16)):
    """A plain square and its foreground."""
    half = {'small': 5, 'large': 9}[size]
    foreground = np.zeros((32, 32), bool)
    foreground[centre[0] - half:centre[0] + half, centre[1] - half:centre[1] + half] = True
    image = np.where(foreground, np.array(COLOURS[colour])[:, None, None], BACKGROUNDS[background])
    return torch.from_numpy((image * 255).astype(np.uint8)), foreground


def _sample(caption, drawn=None, mask=None, **fields):
    image, foreground = _square(*(drawn or (caption.split()[1], caption.split()[2], caption.split()[6])))
    mask = torch.from_numpy(foreground[None].astype(np.float32)) if mask is None else mask
    return dict(key=caption, caption=caption, fake_img=image, gt_img=image,
                masks=[mask[:, ::4, ::4], mask[:, ::2, ::2], mask], **fields)


def _evaluate(samples, **args):
    metric = ShapesAttributes(**args)
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


def test_images_that_obey_their_captions_score_one():
    captions = [f'a {size} {colour} square on a {background} background'
                for size in SIZES for colour in COLOURS for background in BACKGROUNDS]
    result = _evaluate([_sample(caption) for caption in captions])
    assert (result['colour'], result['background'], result['size']) == (1, 1, 1)
    assert result['mask_correlation'] == pytest.approx(1)
    assert result['mask_correlation_previous'] > 0.8


def test_each_attribute_is_judged_by_itself():
    caption = 'a small red square on a black background'
    drawn = [('small', 'red', 'white'), ('large', 'red', 'black'), ('large', 'red', 'black'),
             ('small', 'green', 'black')]
    result = _evaluate([_sample(caption, each) for each in drawn])
    assert (result['colour'], result['background'], result['size']) == (0.75, 0.75, 0.5)


def test_what_a_caption_leaves_unsaid_is_not_judged():
    said = _sample('a small red square on a black background')
    silent = dict(_sample('a small red square on a black background', ('large', 'red', 'black')),
                  caption='a red square with a black background')
    result = _evaluate([said, silent])
    assert (result['colour'], result['size']) == (1, 1)


def test_a_constant_mask_correlates_with_nothing():
    mask = torch.full((1, 32, 32), 0.4)
    result = _evaluate([_sample('a small red square on a black background', mask=mask)])
    assert result['mask_correlation'] == 0
    assert result['mask_correlation_previous'] == 0


def test_a_mask_of_the_background_counts_as_much_as_one_of_the_foreground():
    foreground = _square('small', 'red', 'black')[1]
    inverse = torch.from_numpy(1 - foreground[None].astype(np.float32))
    assert mask_correlation(inverse, foreground) == pytest.approx(1)


def test_no_foreground_correlates_with_nothing():
    assert mask_correlation(torch.rand(1, 8, 8), np.zeros((32, 32), bool)) == 0


def test_masks_are_enlarged_as_the_generator_does():
    """Corners stay corners: the ramp from 0 to 1 reaches both at the picture's edges."""
    ramp = torch.tensor([[[0., 1.]]])
    foreground = np.linspace(0, 1, 9)[None] >= 0.5
    expected = np.corrcoef(np.linspace(0, 1, 9), foreground[0])[0, 1]
    assert mask_correlation(ramp, foreground) == pytest.approx(expected)


def _retrieval_sample(word, shown, real):
    image = torch.full((3, 32, 32), 0, dtype=torch.uint8)
    fake, gt = image.clone(), image.clone()
    fake[0, 0, 0], gt[0, 0, 0] = shown, real
    return dict(key=f'{word}', caption=f'word{word}', fake_img=fake, gt_img=gt,
                masks=[torch.rand(1, 4, 4)] * 2, caption_ids=torch.tensor([word]), caption_length=1)


def test_retrieval_is_judged_among_distinct_captions_for_fake_and_real_images():
    samples = [_retrieval_sample(word, shown, word) for word, shown in [(1, 1), (1, 1), (2, 3), (3, 3)]]
    samples[3]['gt_img'][0, 0, 0] = 2
    result = _evaluate(samples, text_encoder=dict(type='TestTextEncoder'),
                       image_encoder=dict(type='TestImageEncoder'))
    assert result['caption_top1'] == 0.75
    assert result['caption_top1_real'] == 0.75


def test_without_encoders_there_is_no_retrieval():
    assert 'caption_top1' not in _evaluate([_sample('a small red square on a black background')])


def test_ranks_together_count_each_sample_once(run_on_ranks):
    caption = 'a small red square on a black background'
    samples = [_sample(caption), _sample(caption, ('small', 'green', 'black')), _sample(caption)]
    assert run_on_ranks(ShapesAttributes, samples, 2)['colour'] == pytest.approx(2 / 3)


def _pair(change):
    before = _square('small', 'red', 'black')[0].numpy()[None]
    return before, change(before.copy())


def test_a_change_of_the_shape_alone_lies_inside():
    before, after = _pair(lambda image: image)
    after = _square('small', 'blue', 'black')[0].numpy()[None]
    assert change_inside_foreground(before, after).tolist() == [1]


def test_a_change_of_the_background_alone_lies_outside():
    def lighter(image):
        image[:, :, :2] += 40
        return image
    assert change_inside_foreground(*_pair(lighter)).tolist() == [0]


def test_a_moved_shape_changes_inside_the_union_of_both_places():
    before = _square('small', 'red', 'black', (10, 10))[0].numpy()[None]
    after = _square('small', 'red', 'black', (22, 22))[0].numpy()[None]
    assert change_inside_foreground(before, after).tolist() == [1]


def test_shares_are_squared_change_per_image():
    def both(image):
        image[0, 2, 16, 16] += 30  # inside
        image[0, 2, 0, 0] += 10  # outside
        return image
    assert change_inside_foreground(*_pair(both)) == pytest.approx([0.9])


def test_no_change_has_no_share_inside():
    assert change_inside_foreground(*_pair(lambda image: image)).tolist() == [0]


def test_relative_change_is_a_ratio_of_norms_per_image():
    before = torch.stack([torch.full((3, 2, 2), -1.), torch.full((3, 2, 2), 0.5)])
    after = torch.stack([torch.full((3, 2, 2), -1.), torch.full((3, 2, 2), 0.6)])
    torch.testing.assert_close(relative_change(before, after), torch.tensor([0., 0.2]))


def test_encoder_of_another_vocabulary_is_refused():
    metric = ShapesAttributes(dict(type='TestTextEncoder', vocab_size=3), dict(type='TestImageEncoder'))
    metric.dataset_meta = dict(vocabulary=['<end>', 'a'])
    with pytest.raises(DataError, match='the text encoder knows 3'):
        metric.process(None, [_sample('a small red square on a black background')])
