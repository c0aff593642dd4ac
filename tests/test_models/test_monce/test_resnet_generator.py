import pytest
import torch
from torch import nn

from genzoo.errors import ConfigError
from genzoo.models.layers import BlurDownsample, BlurUpsample
from genzoo.models.monce import CUTResnetGenerator
from genzoo.models.monce.resnet_generator import ResnetBlock


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def make(**changes):
    return CUTResnetGenerator(**dict(dict(base_channels=4, num_blocks=2), **changes))


def test_it_has_the_published_number_of_parameters():
    with torch.device('meta'):
        assert count(CUTResnetGenerator()) == 11_378_179


def test_layers_stand_where_the_specification_numbers_them():
    with torch.device('meta'):
        model = CUTResnetGenerator().model
    assert len(model) == 32
    kinds = {nn.ReflectionPad2d: (0, 29), nn.Conv2d: (1, 4, 8, 22, 26, 30), BlurDownsample: (7, 11),
             ResnetBlock: range(12, 21), BlurUpsample: (21, 25), nn.Tanh: (31,)}
    for kind, places in kinds.items():
        assert [index for index, layer in enumerate(model) if type(layer) is kind] == list(places)


@pytest.mark.parametrize('changes', [
    {}, dict(antialias_down=False), dict(antialias_up=False), dict(antialias_down=False, antialias_up=False),
    dict(norm='batch'), dict(dropout=True), dict(num_blocks=4), dict(in_channels=1, out_channels=2)])
def test_images_keep_their_size_and_stay_in_range(changes):
    net = make(**changes)
    image = net(torch.rand(2, changes.get('in_channels', 3), 12, 20))
    assert image.shape == (2, changes.get('out_channels', 3), 12, 20)
    assert image.abs().max() <= 1


class TestFeatures:
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))

    def test_they_are_the_outputs_of_the_layers_named(self):
        net, x, outputs = make(), self.image, []
        for layer in net.model:
            x = layer(x)
            outputs.append(x.clone())
        image, features = net(self.image, (0, 4, 8, 12))
        torch.testing.assert_close(image, outputs[-1])
        torch.testing.assert_close(features, [outputs[index] for index in (0, 4, 8, 12)])

    def test_the_first_is_the_padded_image_and_convolutions_are_taken_before_their_norm(self):
        features = make()(self.image, (0, 4, 8, 12, -1), encode_only=True)
        assert [tuple(maps.shape[1:]) for maps in features] == [
            (3, 22, 22), (8, 16, 16), (16, 8, 8), (16, 4, 4), (3, 16, 16)]

    def test_encoding_alone_gives_the_same_and_goes_no_further(self):
        net = make()
        net.model[13].register_forward_hook(lambda *_: pytest.fail('went on'))
        alone = net(self.image, (0, 12), encode_only=True)
        net.model[13]._forward_hooks.clear()
        torch.testing.assert_close(alone, net(self.image, (0, 12))[1], rtol=0, atol=0)

    def test_without_layers_only_the_image_is_returned(self):
        assert isinstance(make()(self.image), torch.Tensor)


def test_biases_of_convolutions_before_batch_norm_are_left_out():
    with_bias = {name for name, _ in make(norm='batch').named_parameters() if name.endswith('.bias')}
    assert 'model.18.bias' not in with_bias  # instance norm's last convolution before the output
    assert 'model.23.bias' in with_bias  # the output's
    assert 'model.1.bias' not in with_bias
    assert 'model.1.bias' in dict(make().named_parameters())


def test_dropout_changes_training_only():
    net, image = make(dropout=True), torch.rand(1, 3, 16, 16)
    assert not torch.equal(net(image), net(image))
    assert torch.equal(net.eval()(image), net(image))


def test_norms_are_the_same_in_training_and_evaluation():
    net, image = make(), torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(net.train()(image), net.eval()(image))


def test_a_residual_block_adds_to_its_input_without_activation():
    block, x = ResnetBlock(4), torch.randn(1, 4, 6, 6)
    torch.testing.assert_close(block(x) - x, block.conv_block(x))
    assert block(x).min() < 0


def test_unknown_norms_are_named():
    with pytest.raises(ConfigError, match="norm='layer': is none of instance, batch"):
        make(norm='layer')


def test_weights_start_small_and_biases_at_zero():
    net = CUTResnetGenerator(base_channels=16, num_blocks=1)
    weight = net.model[12].conv_block[1].weight
    assert weight.std().item() == pytest.approx(.02 / (64 * 9) ** .5, rel=.05)
    assert all(value.eq(0).all() for name, value in net.named_parameters() if name.endswith('bias'))
