import pytest
import torch
from mmengine.config import Config

from genzoo.apis.model import without_weight_files
from genzoo.datasets import zoo_collate
from genzoo.models.ssagan.example import example_caption_image
from genzoo.registry import DATASETS, MODELS


def test_item_looks_like_one_of_a_data_set():
    real = DATASETS.build(dict(type='ShapesCaptionDataset'))[0]['inputs']
    item = example_caption_image(5, 32, 18)['inputs']
    assert item.keys() == real.keys()
    assert all((item[key].shape, item[key].dtype) == (real[key].shape, real[key].dtype) for key in real)


def test_words_are_known_and_end_with_the_caption():
    for number in range(20):
        inputs = example_caption_image(number, 4, 7)['inputs']
        length = int(inputs['caption_length'])
        assert 9 <= length <= 18
        assert inputs['caption_ids'][:length].min() >= 1
        assert inputs['caption_ids'].max() <= 6
        assert not inputs['caption_ids'][length:].any()


def test_number_decides_the_item():
    first, again, other = (example_caption_image(number, 8, 50)['inputs'] for number in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first['img'], other['img'])


@pytest.mark.parametrize('name', ['ssagan_toy', 'damsm_toy'])
def test_model_trains_on_its_own_examples(name):
    model = MODELS.build(without_weight_files(Config.fromfile(f'configs/ssagan/{name}.py').model))
    batch = model.data_preprocessor(zoo_collate([model.example_item(number) for number in range(2)]))
    assert all(loss.isfinite().all() for loss in model(**batch, mode='loss').values())
