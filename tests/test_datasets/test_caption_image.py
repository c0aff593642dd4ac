import pytest
import torch
from PIL import Image

from genzoo.datasets import CaptionImageDataset, SampleIndex
from genzoo.datasets import caption_layout as layout
from genzoo.datasets.caption_folder import build_vocabulary
from genzoo.errors import ConfigError, DataError
from genzoo.registry import DATASETS

from .conftest import COCO_KEYS, CUB_KEYS, PIPELINE, write_image, write_pickle


def cub(root, **args):
    return CaptionImageDataset(root, **dict(dict(captions_per_image=10, pipeline=PIPELINE), **args))


def coco(root, **args):
    return CaptionImageDataset(root, **dict(dict(captions_per_image=5, pipeline=PIPELINE), **args))


def test_an_item_has_the_documented_fields(cub_root):
    item = cub(cub_root)[1]
    inputs, sample = item['inputs'], item['data_samples']
    assert {name: (tuple(value.shape), value.dtype) for name, value in inputs.items()} == dict(
        img=((3, 16, 16), torch.uint8), caption_ids=((18,), torch.int64),
        caption_length=((), torch.int64), class_id=((), torch.int64))
    assert inputs['class_id'] == 2
    assert sample.key == CUB_KEYS['train'][1]
    assert sample.caption == f'bird 2 its view no {sample.caption_index}'
    assert inputs['caption_length'] == 6


def test_a_pickle_and_the_text_files_give_the_same_items(cub_root):
    from_text = cub(cub_root, split='test')
    assert build_vocabulary(cub_root, captions_per_image=10) == len(from_text.vocabulary)
    (cub_root / 'text').rename(cub_root / 'unused')
    from_pickle = cub(cub_root, split='test')
    assert from_pickle.metainfo == from_text.metainfo
    assert torch.equal(from_pickle[0]['inputs']['caption_ids'], from_text[0]['inputs']['caption_ids'])


def test_the_checkpoint_learns_vocabulary_and_length(cub_root):
    metainfo = cub(cub_root, max_words=9).metainfo
    assert metainfo['vocabulary'][:3] == ['<end>', 'bird', '1']
    assert metainfo['max_words'] == 9


def test_captions_of_an_image_are_drawn_anew_at_each_position(cub_root):
    data = cub(cub_root)
    drawn = {data[SampleIndex(0, 1, position)]['data_samples'].caption_index for position in range(60)}
    assert drawn == set(range(10))


def test_every_caption_has_its_own_index_where_that_is_asked_for(coco_root):
    data = coco(coco_root, every_caption=True)
    assert len(data) == 10
    samples = [data[index]['data_samples'] for index in range(10)]
    assert [sample.key for sample in samples] == [key for key in COCO_KEYS['train'] for _ in range(5)]
    assert [sample.caption_index for sample in samples] == [0, 1, 2, 3, 4] * 2
    assert samples[7].caption == 'bird 1 its view no 2'


def test_coco_images_lie_in_train2014_and_val2014(coco_root):
    train, test = coco(coco_root), coco(coco_root, split='test')
    assert (len(train), len(test)) == (2, 1)
    assert test[0]['data_samples'].key == COCO_KEYS['test'][0]


def test_without_class_info_each_image_is_its_own_class(coco_root):
    data = coco(coco_root)
    assert [int(data[index]['inputs']['class_id']) for index in range(2)] == [0, 1]


def test_image_folders_can_be_named(coco_root, tmp_path):
    (coco_root / 'train2014').rename(tmp_path / 'elsewhere')
    with pytest.raises(DataError, match=r'000000057870\.jpg: the image is missing .*image_dirs'):
        coco(coco_root)[0]
    assert coco(coco_root, image_dirs=[str(tmp_path / 'elsewhere')])[0]


def test_boxes_are_joined_by_image_id_and_truncated(cub_root):
    path = cub_root / 'CUB_200_2011' / 'bounding_boxes.txt'
    path.write_text(''.join(reversed(path.read_text().splitlines(keepends=True))))
    data = cub(cub_root, bbox=True, pipeline=[])
    assert [data[index]['bbox'] for index in range(3)] == [(n, 5, 20, 15) for n in (1, 2, 3)]


def test_the_image_is_cropped_to_its_box(cub_root):
    pipeline = [dict(type='LoadTextImage'), dict(type='BBoxCrop')]
    assert cub(cub_root, bbox=True, pipeline=pipeline)[0]['img'].size == (26, 27)


def test_without_boxes_a_crop_to_the_box_says_which_option_is_missing(cub_root):
    with pytest.raises(ConfigError, match='bbox=True'):
        cub(cub_root, pipeline=[dict(type='LoadTextImage'), dict(type='BBoxCrop')])[0]


def test_a_truncated_image_is_named_in_the_error(cub_root):
    path = cub_root / 'CUB_200_2011' / 'images' / f'{CUB_KEYS["train"][1]}.jpg'
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(DataError, match=r'Laysan_Albatross_0002_1027\.jpg: truncated'):
        cub(cub_root)[1]
    skipping = cub(cub_root, on_error='skip')
    assert skipping[1]['data_samples'].key == CUB_KEYS['train'][2]
    assert skipping.broken_items() == [1]


@pytest.mark.parametrize(('missing', 'message'), [
    ('.', r'birds: the data set is missing\. .*captions_folder\.py'),
    ('train/filenames.pickle', r'filenames\.pickle: the list of train images is missing.*1O_LtUP9'),
    ('CUB_200_2011/images', r'birds: no image folder \(tried CUB_200_2011/images, images, train2014'),
    ('CUB_200_2011/bounding_boxes.txt', r'bounding_boxes\.txt: the list of bounding boxes is missing.*bbox'),
    ('text', r'text: the folder of captions .*captions_folder\.py'),
    ('text/002.Laysan_Albatross/Laysan_Albatross_0003_1033.txt', r'_0003_1033\.txt: the caption file is'),
])
def test_what_is_missing_is_named_with_its_source_in_one_line(cub_root, missing, message):
    (cub_root / missing).rename(cub_root.parent / 'taken_away')
    with pytest.raises(DataError, match=message) as error:
        cub(cub_root, bbox=True)
    assert '\n' not in str(error.value)


def test_a_caption_file_with_too_few_lines_is_named(cub_root):
    (cub_root / 'text' / f'{CUB_KEYS["test"][0]}.txt').write_text('a bird\n')
    with pytest.raises(DataError, match=r'Common_Yellowthroat_0003_190521\.txt: 1 captions'):
        cub(cub_root)


def test_wrong_captions_per_image_is_told_with_the_right_number(cub_root):
    build_vocabulary(cub_root, captions_per_image=10)
    with pytest.raises(DataError, match=r'captions\.pickle: 30 train captions, but 3 images x 5 '
                                        r'captions per image are 15\. Set captions_per_image=10'):
        cub(cub_root, captions_per_image=5)


def test_captions_that_do_not_fit_the_other_split_are_refused_too(cub_root):
    build_vocabulary(cub_root, captions_per_image=10)
    write_pickle(cub_root / 'test' / 'filenames.pickle', CUB_KEYS['test'] * 2)
    with pytest.raises(DataError, match='10 test captions, but 2 images'):
        cub(cub_root)


@pytest.mark.parametrize(('classes', 'message'), [
    ([1], '1 class ids for 3 images'),
    (['1', '2', '2'], 'list of integers'),
    ([[1], [2, 3], 4], 'list of integers'),
    (5, 'list of integers'),
])
def test_class_ids_that_do_not_fit_are_refused(cub_root, classes, message):
    write_pickle(cub_root / 'train' / 'class_info.pickle', classes)
    with pytest.raises(DataError, match=rf'class_info\.pickle: .*{message}'):
        cub(cub_root)


@pytest.mark.parametrize('keys', ['name', [1, 2], ['../../etc/passwd'], ['/etc/passwd'], [''], []])
def test_names_that_are_no_names_are_refused(cub_root, keys):
    write_pickle(cub_root / 'train' / 'filenames.pickle', keys)
    with pytest.raises(DataError, match=r'filenames\.pickle'):
        cub(cub_root)


@pytest.mark.parametrize('line', ['1 2.0 3.0 4.0', '1 a b c d', '1 1 1 1 inf'])
def test_a_malformed_box_is_refused(cub_root, line):
    (cub_root / 'CUB_200_2011' / 'bounding_boxes.txt').write_text(f'{line}\n')
    with pytest.raises(DataError, match=r'bounding_boxes\.txt'):
        cub(cub_root, bbox=True)


def test_an_image_without_a_box_is_named(cub_root):
    (cub_root / 'CUB_200_2011' / 'bounding_boxes.txt').write_text('1 1 1 1 1\n')
    with pytest.raises(DataError, match=r'3 of 4 images have no box, the first is 002\.Laysan'):
        cub(cub_root, bbox=True)
    (cub_root / 'CUB_200_2011' / 'images.txt').write_text(f'1 {CUB_KEYS["train"][0]}.jpg\n')
    with pytest.raises(DataError, match='images.txt does not list 002.Laysan'):
        cub(cub_root, bbox=True)


@pytest.mark.parametrize('args', [dict(split='val'), dict(captions_per_image=0)])
def test_arguments_out_of_range_are_refused(cub_root, args):
    with pytest.raises(ConfigError, match=next(iter(args))):
        cub(cub_root, **args)


def test_boxes_may_lie_beside_the_images_folder(tmp_path):
    write_image(tmp_path / 'images' / 'a' / 'b.c.jpg', 0)
    (tmp_path / 'images.txt').write_text('7 a/b.c.jpg\n')
    (tmp_path / 'bounding_boxes.txt').write_text('7 1.9 2 3 4\n')
    assert layout.read_boxes(tmp_path) == {'a/b.c': (1, 2, 3, 4)}
    with Image.open(layout.find_image(layout.image_folders(tmp_path, None), 'a/b.c')) as image:
        assert image.size == (40, 30)


def test_the_registry_knows_it():
    assert DATASETS.get('CaptionImageDataset') is CaptionImageDataset


def test_class_id_beyond_64_bits_and_name_beyond_a_line_are_refused(cub_root):
    write_pickle(cub_root / 'train/class_info.pickle', [2**63, 1, 2])
    with pytest.raises(DataError, match='at most 64 bits'):
        CaptionImageDataset(cub_root)
    write_pickle(cub_root / 'train/filenames.pickle', ['a\nb'])
    with pytest.raises(DataError, match='does not stay in the image folder'):
        CaptionImageDataset(cub_root)


def test_image_whose_name_is_too_long_is_missing(tmp_path):
    with pytest.raises(DataError, match='the image is missing'):
        layout.find_image([tmp_path], 'x' * 300)
