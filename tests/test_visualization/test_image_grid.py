import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.structures import DataSample
from genzoo.visualization import image_grid, mask_to_image, sample_sheet, save_image, to_picture
from genzoo.visualization.image_grid import wrap_text

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def _picture(colour, height=128, width=128):
    return np.full((height, width, 3), colour, np.uint8)


def _contains(sheet, colour):
    return (sheet == colour).all(axis=2).any()


def test_pictures_stand_row_by_row_from_the_top_left():
    sheet = image_grid([_picture(RED), _picture(GREEN), _picture(BLUE)], columns=2)
    assert sheet.shape == (2 * 132 + 4, 2 * 132 + 4, 3)
    assert sheet.dtype == np.uint8
    assert tuple(sheet[60, 60]) == RED
    assert tuple(sheet[60, 200]) == GREEN
    assert tuple(sheet[200, 60]) == BLUE
    assert tuple(sheet[200, 200]) == (255, 255, 255)


def test_tensors_and_arrays_and_grey_pictures_are_the_same_picture():
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = np.repeat(grey[..., None], 3, axis=2)
    for image in (grey, expected, torch.from_numpy(grey)[None], torch.from_numpy(expected).permute(2, 0, 1)):
        assert np.array_equal(to_picture(image), expected)


@pytest.mark.parametrize('image', [torch.rand(3, 4, 4), np.zeros((4, 4, 2), np.uint8), torch.zeros(4, 4, 4)])
def test_what_is_no_uint8_picture_is_refused(image):
    with pytest.raises(ValueError, match='must be a uint8'):
        to_picture(image)


def test_small_pictures_are_enlarged_by_whole_pixels():
    image = np.array([[RED, GREEN], [BLUE, RED]], np.uint8)
    sheet = image_grid([image])[4:-4, 4:-4]
    assert np.array_equal(sheet, image.repeat(64, axis=0).repeat(64, axis=1))


def test_captions_stand_under_the_pictures_and_never_on_them():
    plain, titled = image_grid([_picture(RED)]), image_grid([_picture(RED)], ['a red square'])
    assert titled.shape[0] > plain.shape[0]
    assert np.array_equal(titled[:132], plain[:132])
    assert (titled[132:-4] < 128).any()


def test_a_long_caption_is_wrapped_and_no_word_lost():
    caption = 'a small bird with a red head and a very long yellowish beak sits on a branch'
    lines = wrap_text(caption, 128)
    assert len(lines) > 2
    assert ' '.join(lines) == caption
    one, many = (image_grid([_picture(RED)], [text]).shape for text in ('a', caption))
    assert many[0] - one[0] == (len(lines) - 1) * 13
    assert many[1] == one[1]


def test_a_word_wider_than_the_picture_stands_alone():
    assert wrap_text('a ' + 'x' * 80 + ' b', 64) == ['a', 'x' * 80, 'b']


def test_pictures_of_different_sizes_share_a_grid():
    sheet = image_grid([_picture(RED, 128, 200), _picture(GREEN, 150, 128)], columns=2)
    assert sheet.shape == (150 + 8, 2 * 204 + 4, 3)


def test_a_caption_too_few_is_refused():
    with pytest.raises(ValueError, match='1 captions for 2 images'):
        image_grid([_picture(RED)] * 2, ['one'])


def test_no_image_is_refused():
    with pytest.raises(ValueError, match='no image'):
        image_grid([])


def test_masks_are_truncated_not_rounded():
    mask = torch.tensor([[[0., 0.5, 0.9999, 1.]]])
    assert mask_to_image(mask).tolist() == [[0, 127, 254, 255]]


def _chw(colour, side=128):
    return torch.tensor(colour, dtype=torch.uint8).view(3, 1, 1).expand(3, side, side)


def test_a_sample_shows_fake_mask_and_real_image_below_each_other():
    sample = DataSample(fake_img=_chw(RED), gt_img=_chw(BLUE), caption='red on blue',
                        masks=[torch.zeros(1, 64, 64), torch.full((1, 128, 128), 0.5)])
    sheet = sample_sheet([sample])
    column = [tuple(sheet[4 + 129 * part + 64, 64]) for part in range(3)]
    assert column == [RED, (127, 127, 127), BLUE]


def test_a_translation_stands_below_its_source_without_the_other_scene():
    sheet = sample_sheet([DataSample(source_img=_chw(GREEN), fake_img=_chw(RED), gt_img=_chw(BLUE))])
    assert [tuple(sheet[4 + 129 * part + 64, 64]) for part in range(2)] == [GREEN, RED]
    assert not _contains(sheet, BLUE)


def test_a_label_map_is_shown_above_the_real_image():
    label = torch.ones(2, 16, 16, dtype=torch.int64)
    sheet = sample_sheet([DataSample(fake_img=_chw(RED), gt_img=_chw(BLUE), label=label)])
    assert [tuple(sheet[4 + 129 * part + 64, 64]) for part in range(3)] == [RED, (128, 0, 0), BLUE]


def test_more_masks_are_shown_from_the_last_one_backwards():
    sample = dict(fake_img=_chw(RED), masks=[torch.zeros(1, 4, 4), torch.full((1, 8, 8), 0.5)])
    sheet = sample_sheet([sample], num_masks=2)
    assert [sheet[4 + 129 * part + 64, 64, 0] for part in range(3)] == [255, 127, 0]


def test_a_sample_of_a_fake_image_alone_is_enough():
    sheet = sample_sheet([dict(fake_img=_chw(RED))])
    assert sheet.shape == (136, 136, 3)
    assert _contains(sheet, RED)


def test_a_saved_picture_reads_back_unchanged(tmp_path):
    picture = np.random.RandomState(0).randint(0, 256, (5, 7, 3)).astype(np.uint8)
    save_image(picture, tmp_path / 'new' / 'picture.png')
    assert np.array_equal(np.asarray(Image.open(tmp_path / 'new' / 'picture.png')), picture)


def test_a_failed_save_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / 'picture.png'
    save_image(_picture(RED, 2, 2), path)
    before = path.read_bytes()

    def fail(self, file, **args):
        file.write(b'half')
        raise OSError('No space left on device')
    monkeypatch.setattr(Image.Image, 'save', fail)
    with pytest.raises(OSError, match='No space'):
        save_image(_picture(GREEN, 2, 2), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ['picture.png']
