import pytest
import torch

from genzoo.errors import ConfigError, DataError
from genzoo.models.monce import encode_labels, instance_edges
from genzoo.registry import MODELS


def build(kind, **settings):
    return MODELS.build(dict(type=kind, **settings))


def size_of(network):
    return sum(weight.numel() for weight in network.parameters())


def image(side=16, channels=3, batch=1):
    return torch.rand(batch, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(('cfg', 'count'), [
    (dict(type='CUTResnetGenerator'), 11_378_179), (dict(type='CUTPatchDiscriminator'), 2_764_737),
    (dict(type='PatchSampler', in_channels=(3, 128, 256, 256, 256)), 560_384),
    (dict(type='SPADEGenerator', label_channels=151), 96_492_483),
    (dict(type='SPADEGenerator', label_channels=19), 92_538_819),
    (dict(type='SPADEMultiscaleDiscriminator', label_channels=151), 5_836_930),
    (dict(type='SPADEMultiscaleDiscriminator', label_channels=19), 5_566_594)])
def test_official_sizes_have_the_published_number_of_weights(cfg, count):
    with torch.device('meta'):
        assert size_of(MODELS.build(cfg)) == count


@pytest.mark.parametrize('down', [True, False])
@pytest.mark.parametrize('up', [True, False])
def test_generator_keeps_the_size_with_and_without_antialiasing(down, up):
    net = build('CUTResnetGenerator', base_channels=2, num_blocks=1, antialias_down=down, antialias_up=up)
    assert net(image(20)).shape == (1, 3, 20, 20)


def test_encoding_stops_at_the_last_layer_and_equals_the_whole_pass():
    net = build('CUTResnetGenerator', base_channels=2, num_blocks=2)
    whole, features = net(image(), (0, 4, 12))
    encoded = net(image(), (0, 4, 12), encode_only=True)
    assert [maps.shape[2] for maps in encoded] == [22, 16, 4]
    assert all(torch.equal(a, b) for a, b in zip(features, encoded))
    torch.testing.assert_close(net(image(), (-1,), encode_only=True)[0], whole)


@pytest.mark.parametrize(('side', 'logits'), [(256, 30), (64, 6)])
def test_discriminator_judges_patches(side, logits):
    assert build('CUTPatchDiscriminator', base_channels=2)(image(side)).shape == (1, 1, logits, logits)


def test_unknown_norm_is_refused():
    with pytest.raises(ConfigError, match="norm='layer': is none of instance, batch"):
        build('CUTResnetGenerator', norm='layer')


def test_sampler_takes_the_same_places_of_all_images_and_gives_unit_vectors():
    sampler = build('PatchSampler', nc=8, in_channels=(3,))
    maps = image(6).repeat(2, 1, 1, 1)
    (samples,), (ids,) = sampler([maps], 10)
    assert samples.shape == (2, 10, 8)
    assert torch.equal(samples[0], samples[1])
    torch.testing.assert_close(samples.norm(dim=-1), torch.ones(2, 10), rtol=1e-2, atol=1e-2)
    (again,), _ = sampler([maps], ids=[ids])
    assert torch.equal(again, samples)


def test_heads_are_made_once_and_for_these_layers():
    sampler = build('PatchSampler', nc=8)
    with pytest.raises(ConfigError, match='0 heads for 1 layers. Call create_heads'):
        sampler([image()])
    sampler.create_heads((3, 4))
    first = sampler.heads[0]
    sampler.create_heads([3, 4])
    assert sampler.heads[0] is first
    with pytest.raises(ConfigError, match=r'layers of \[3, 4\] channels, the layers have \[3\]'):
        sampler.create_heads((3,))


@pytest.mark.parametrize(('kind', 'crop', 'aspect', 'size'), [
    ('normal', 32, 1.0, (32, 32)), ('more', 128, 2.0, (64, 128)),
    ('most', 128, 1.0, (128, 128))])
def test_spade_generator_makes_images_of_its_size(kind, crop, aspect, size):
    net = build('SPADEGenerator', label_channels=3, base_channels=2, crop_size=crop, aspect_ratio=aspect,
                num_upsampling_layers=kind).eval()
    assert net.image_size == size
    assert net(torch.ones(1, 3, *size)).shape == (1, 3, *size)


def test_spade_generator_can_start_from_noise():
    net = build('SPADEGenerator', label_channels=3, base_channels=2, crop_size=32, use_vae=True, noise_size=5).eval()
    labels = torch.ones(2, 3, 32, 32)
    one, two = net(labels, torch.eye(2, 5))
    assert not torch.equal(one, two)


def test_spade_generator_of_too_small_an_image_is_refused():
    with pytest.raises(ConfigError, match='crop_size=16 is too small'):
        build('SPADEGenerator', label_channels=3, crop_size=16)


def test_discriminator_of_pairs_has_maps_one_larger_than_usual():
    net = build('SPADEMultiscaleDiscriminator', label_channels=2, base_channels=2)
    scales = net(torch.ones(1, 2, 64, 64), image(64))
    assert [[maps.shape[2] for maps in scale] for scale in scales] == [[33, 17, 9, 10, 11], [17, 9, 5, 6, 7]]


def test_spectral_norm_bounds_the_judge():
    net = build('SPADEMultiscaleDiscriminator', label_channels=1, base_channels=2)
    conv = net.scales[0].stages[1][0]
    for _ in range(50):
        net(torch.ones(1, 1, 32, 32), image(32))
    assert torch.linalg.matrix_norm(conv.weight.detach().flatten(1), 2) == pytest.approx(1, rel=1e-3)


def test_labels_become_channels():
    labels = torch.tensor([[[[0, 2], [1, 2]]]])
    assert encode_labels(labels, 3).argmax(1).tolist() == [[[0, 2], [1, 2]]]


def test_glasses_are_two_classes_as_released_and_one_in_the_sensible_reading():
    labels = torch.tensor([[[[5, 13]], [[0, 1]]]])
    released, sensible = (encode_labels(labels, 19, mode)[0, :, 0] for mode in ('multi_hot', 'one_hot_glasses'))
    assert [column.nonzero().flatten().tolist() for column in released.T] == [[0, 5], [1, 13]]
    assert [column.nonzero().flatten().tolist() for column in sensible.T] == [[5], [16]]


def test_labels_that_are_no_class_and_wrong_channels_are_refused():
    with pytest.raises(DataError, match='item 0 of a batch: a label map with the value 7; the model has 5 classes'):
        encode_labels(torch.tensor([[[[0, 7]]]]), 5)
    with pytest.raises(DataError, match="2 channels; 'index' labels of 5 classes have 1"):
        encode_labels(torch.zeros(1, 2, 3, 3, dtype=torch.long), 5)
    with pytest.raises(ConfigError, match='is none of index, multi_hot, one_hot_glasses, dense'):
        encode_labels(torch.zeros(1, 1, 3, 3), 5, 'onehot')


def test_both_pixels_of_differing_neighbours_are_edges():
    instances = torch.tensor([[[[1, 1, 2], [1, 1, 2], [1, 1, 1]]]])
    assert instance_edges(instances)[0, 0].tolist() == [[0, 1, 1], [0, 1, 1], [0, 0, 1]]
