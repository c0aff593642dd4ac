import torch

from genzoo.models.features import StubFeatures


def test_equal_arguments_give_equal_networks():
    images = torch.rand(2, 3, 16, 16)
    first, second = StubFeatures(8, 4, seed=3)(images), StubFeatures(8, 4, seed=3)(images)
    assert first['pool3'].shape == (2, 8)
    assert first['logits'].shape == (2, 4)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not torch.equal(first['pool3'], StubFeatures(8, 4, seed=4)(images)['pool3'])


def test_building_it_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    StubFeatures()
    assert torch.equal(before, torch.get_rng_state())
