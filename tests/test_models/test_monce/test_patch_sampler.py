import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.monce import PatchSampler


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, channels, 6, 4, generator=generator) for channels in (3, 5)]


def test_it_has_the_published_number_of_parameters():
    sampler = PatchSampler(in_channels=(3, 128, 256, 256, 256))
    assert sum(parameter.numel() for parameter in sampler.parameters()) == 560_384


def test_samples_are_the_projected_positions_row_by_row_at_unit_length(features):
    sampler = PatchSampler(nc=4, in_channels=(3, 5), init_gain=1.)
    ids = [torch.tensor([9, 0]), torch.tensor([23])]  # position 9 of a map 4 wide is row 2, column 1
    samples, returned = sampler(features, ids=ids)
    assert [tuple(sample.shape) for sample in samples] == [(2, 2, 4), (2, 1, 4)]
    projected = sampler.heads[0](features[0][:, :, 2, 1])
    torch.testing.assert_close(samples[0][:, 0], projected / (projected.norm(dim=1, keepdim=True) + 1e-7))
    assert returned == ids


def test_positions_are_drawn_for_each_layer_and_shared_by_the_images(features):
    sampler = PatchSampler(use_mlp=False)
    samples, ids = sampler(features, num_patches=10, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(*ids)
    assert all(len(places.unique()) == 10 for places in ids)
    for image in range(2):
        alone, _ = sampler([maps[image:image + 1] for maps in features], ids=ids)
        torch.testing.assert_close(alone[0][0], samples[0][image])


def test_each_image_can_have_its_own_positions(features):
    sampler = PatchSampler(use_mlp=False)
    own = torch.stack([torch.arange(5), torch.arange(5, 10)])
    (samples, _), _ = sampler(features, ids=[own, own])
    for image in range(2):
        (alone, _), _ = sampler(features, ids=[own[image], own[image]])
        torch.testing.assert_close(samples[image], alone[image])


def test_small_maps_give_all_their_positions_once(features):
    samples, ids = PatchSampler(use_mlp=False)(features, num_patches=256)
    assert sorted(ids[0].tolist()) == list(range(24))
    assert samples[0].shape == (2, 24, 3)


def test_same_generator_draws_the_same(features):
    draws = [PatchSampler(use_mlp=False)(features, 5, generator=torch.Generator().manual_seed(3))[1] for _ in range(2)]
    torch.testing.assert_close(*draws)


def test_without_mlp_there_is_nothing_to_train():
    sampler = PatchSampler(use_mlp=False)
    sampler.create_heads((3, 5))
    assert not list(sampler.parameters())


class TestHeads:
    def test_they_are_made_once_and_small(self):
        sampler = PatchSampler()
        sampler.create_heads((3, 128))
        weight = sampler.heads[1][2].weight
        sampler.create_heads((3, 128))
        assert sampler.heads[1][2].weight is weight
        assert weight.std().item() == pytest.approx(.02 / 16, rel=.05)
        assert sampler.heads[0][0].bias.eq(0).all()

    def test_other_layers_than_those_given_are_refused(self):
        with pytest.raises(ConfigError, match=r'has heads for layers of \[3, 5\] channels, the layers have \[3, 6\]'):
            PatchSampler(in_channels=(3, 5)).create_heads((3, 6))

    def test_sampling_without_them_is_refused(self, features):
        with pytest.raises(ConfigError, match='0 heads for 2 layers. Call create_heads'):
            PatchSampler()(features)


def test_samples_have_unit_length_in_float32_under_autocast(features):
    with torch.autocast('cpu', torch.bfloat16):
        (samples, _), _ = PatchSampler(nc=16, in_channels=(3, 5), init_gain=1.)(features)
    assert samples.dtype is torch.float32
    torch.testing.assert_close(samples.norm(dim=-1), torch.ones(samples.shape[:2]), rtol=1e-5, atol=1e-5)


def test_no_number_of_patches_means_all_as_maps(features):
    sampler = PatchSampler(nc=4, in_channels=(3, 5), init_gain=1.)
    maps, ids = sampler(features, num_patches=0)
    assert [tuple(each.shape) for each in maps] == [(2, 4, 6, 4)] * 2
    rows, _ = sampler(features, ids=ids)
    torch.testing.assert_close(maps[1][:, :, 2, 1], rows[1][:, 9])


def test_pooled_maps_give_all_their_places_as_the_released_reshape(features):
    samples, ids = PatchSampler(use_mlp=False, pool_size=2)(features, num_patches=3, ids=[torch.tensor([23])] * 2)
    mean = features[1][:, :, 3:, :2].mean((2, 3))  # the place in the second row, first column
    torch.testing.assert_close(samples[1][:, 2], mean / (mean.norm(dim=1, keepdim=True) + 1e-7))
    assert [tuple(sample.shape) for sample in samples] == [(2, 4, 3), (2, 4, 5)]
    assert ids[0].tolist() == [0, 1, 2, 3]


def test_pooled_maps_are_projected_too(features):
    maps, _ = PatchSampler(nc=4, in_channels=(3, 5), pool_size=2)(features, num_patches=0)
    assert [tuple(each.shape) for each in maps] == [(2, 4, 2, 2)] * 2
