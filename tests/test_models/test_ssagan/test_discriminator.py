import pytest
import torch
import torch.nn.functional as F

from genzoo.errors import ConfigError
from genzoo.models.ssagan import OneWayDiscriminator

IMAGES = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
SENTENCE = torch.randn(3, 16, generator=torch.Generator().manual_seed(2))


def plain_features(net, x):
    """The paper's order: the 1x1 convolution first, the pooling last."""
    x = net.conv_img(x)
    for block in net.blocks:
        residual = F.leaky_relu(F.conv2d(x, block.residual[0].weight, stride=2, padding=1), .2)
        residual = F.leaky_relu(F.conv2d(residual, block.residual[2].weight, padding=1), .2)
        wider = residual.shape[1] != x.shape[1]
        shortcut = F.avg_pool2d(block.shortcut(x) if wider else x, 2)
        x = shortcut + block.gamma * residual
    return x


def plain_logits(net, features, sentence):
    text = sentence[:, :, None, None].repeat(1, 1, 4, 4)
    joint = F.conv2d(torch.cat((features, text), 1), net.joint_conv[0].weight, padding=1)
    return F.conv2d(F.leaky_relu(joint, .2), net.joint_conv[2].weight)


def judge(net, images=IMAGES, sentence=SENTENCE):
    return net.logits(net(images), sentence)


def test_it_equals_the_plain_reading_of_the_paper(build):
    net = build('discriminator')
    features = net(IMAGES)
    torch.testing.assert_close(features, plain_features(net, IMAGES))
    torch.testing.assert_close(net.logits(features, SENTENCE), plain_logits(net, features, SENTENCE))
    assert features.shape == (3, 8, 4, 4)
    assert judge(net).shape == (3, 1, 1, 1)


def test_blocks_start_as_their_shortcut():
    net = OneWayDiscriminator(4, 16, 16, (2, 2))
    assert all(block.gamma == 0 for block in net.blocks)
    expected = F.avg_pool2d(net.blocks[0].shortcut(F.avg_pool2d(net.conv_img(IMAGES), 2)), 2)
    torch.testing.assert_close(net(IMAGES), expected)


def test_unused_shortcut_is_kept_but_takes_no_gradient(build):
    net = build('discriminator')
    used, unused = (block.shortcut for block in net.blocks)
    assert {'blocks.1.shortcut.weight', 'blocks.1.shortcut.bias'} < set(net.state_dict())
    assert used.weight.requires_grad
    assert not any(parameter.requires_grad for parameter in unused.parameters())
    before = judge(net)
    torch.nn.init.constant_(unused.weight, 99.)
    assert torch.equal(judge(net), before)


def test_every_other_weight_takes_part(build):
    net = build('discriminator')
    judge(net).sum().backward()
    assert all(parameter.grad.ne(0).any() for parameter in net.parameters() if parameter.requires_grad)


def test_features_do_not_depend_on_the_sentence_and_the_logit_does(build):
    net = build('discriminator')
    assert not torch.allclose(judge(net), judge(net, sentence=SENTENCE.flip(0)))
    assert torch.equal(judge(net)[:1], judge(net)[:1])


@pytest.mark.parametrize(('base_channels', 'parameters'), [(64, 80_379_526), (32, 20_170_566)])
def test_size_is_that_of_the_released_model(base_channels, parameters):
    with torch.device('meta'):
        net = OneWayDiscriminator(base_channels)
        logits = judge(net, torch.empty(2, 3, 256, 256), torch.empty(2, 256))
    assert sum(parameter.numel() for parameter in net.parameters()) == parameters
    assert len(net.state_dict()) == 34
    assert logits.shape == (2, 1, 1, 1)
    frozen = sum(parameter.numel() for parameter in net.parameters() if not parameter.requires_grad)
    assert frozen == 2 * ((16 * base_channels)**2 + 16 * base_channels)


def test_multipliers_that_do_not_fit_the_resolution_are_refused():
    with pytest.raises(ConfigError, match='2 channel_mults take 16 pixels, not resolution 32'):
        OneWayDiscriminator(resolution=32, channel_mults=(2, 4))
    with pytest.raises(ConfigError, match='resolution 64 needs channel_mults'):
        OneWayDiscriminator(resolution=64)
