import torch

from genzoo.datasets import RepeatedDataset, ShapesCaptionDataset

CONFIG = dict(type='ShapesCaptionDataset', split='test', length=3, paraphrases=True)


def test_an_item_comes_so_often_with_the_same_caption_and_picture():
    data = RepeatedDataset(CONFIG, times=2)
    items = [data[index] for index in range(len(data))]
    assert len(items) == 6
    for first, second in zip(items[::2], items[1::2]):
        assert torch.equal(first['inputs']['img'], second['inputs']['img'])
        assert torch.equal(first['inputs']['caption_ids'], second['inputs']['caption_ids'])
        assert first['data_samples'].caption_index == second['data_samples'].caption_index
    assert [item['data_samples'].sample_index for item in items] == [0, 1] * 3
    assert len({item['data_samples'].key for item in items}) == 3


def test_a_model_sees_the_meta_data_of_the_data_set_itself():
    data = ShapesCaptionDataset()
    assert RepeatedDataset(data, times=3).metainfo == data.metainfo


def test_iterating_over_it_ends():
    assert sum(1 for _ in RepeatedDataset(CONFIG, times=3)) == 9
