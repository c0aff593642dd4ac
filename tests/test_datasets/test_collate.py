import pytest
import torch

from genzoo.datasets import zoo_collate
from genzoo.errors import DataError
from genzoo.structures import DataSample


def test_inputs_are_stacked_and_samples_listed():
    items = [dict(inputs=dict(img=torch.full((3, 2, 2), number, dtype=torch.uint8)),
                  data_samples=DataSample(key=str(number))) for number in (4, 7)]
    batch = zoo_collate(items)
    assert batch['inputs']['img'].shape == (2, 3, 2, 2)
    assert batch['inputs']['img'].dtype == torch.uint8
    assert batch['inputs']['img'][:, 0, 0, 0].tolist() == [4, 7]
    assert [sample.key for sample in batch['data_samples']] == ['4', '7']


def test_items_of_other_shapes_are_named():
    items = [dict(inputs=dict(img=torch.zeros(3, 2, side)), data_samples=DataSample(key=f'n{side}')) for side in (2, 4)]
    with pytest.raises(DataError, match=r"img: \(3, 2, 2\) of 'n2' and \(3, 2, 4\) of 'n4' make no batch\. Let the"):
        zoo_collate(items)
