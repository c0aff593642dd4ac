import pytest
import torch
import torch.nn.functional as F

from genzoo.errors import ConfigError
from genzoo.models.ssagan import SSACNGenerator

NOISE = torch.randn(3, 5, generator=torch.Generator().manual_seed(1))
SENTENCE = torch.randn(3, 16, generator=torch.Generator().manual_seed(2))


def plain_norm(norm, x, sentence, mask):
    """Two MLPs one after the other, and the formula as it stands."""
    def mlp(net):
        hidden = F.relu(F.linear(sentence, net.linear1.weight, net.linear1.bias))
        return F.linear(hidden, net.linear2.weight, net.linear2.bias)[:, :, None, None]
    return (1 + mlp(norm.fc_gamma) * mask) * norm.bn(x) + mlp(norm.fc_beta) * mask


def plain_block(block, x, sentence, mask):
    residual = block.conv1(F.relu(plain_norm(block.norm1, x, sentence, mask)))
    residual = block.conv2(F.relu(plain_norm(block.norm2, residual, sentence, mask)))
    shortcut = x if block.shortcut is None else block.shortcut(x)
    y = shortcut + block.gamma * residual
    return y, None if block.mask_predictor is None else block.mask_predictor(y)


def plain_generator(net, noise, sentence):
    """The paper's order: features up first; logits up from the size at which they were predicted."""
    x = net.fc(noise).reshape(len(noise), -1, 4, 4)
    logits, masks = net.mask_predictor(x), []
    for number, block in enumerate(net.blocks):
        if number:
            size = 2 * x.shape[-1]
            x = F.interpolate(x, size=(size, size), mode='nearest')
            logits = F.interpolate(logits, size=(size, size), mode='bilinear', align_corners=True)
        masks.append(torch.sigmoid(logits))
        x, logits = plain_block(block, x, sentence, masks[-1])
    return dict(fake_img=net.to_rgb(x), masks=masks)


@pytest.mark.parametrize('training', [True, False])
def test_it_equals_the_plain_reading_of_the_paper(build, training):
    net = build('generator', channel_mults=(3, 2, 2, 1), resolution=32).train(training)
    torch.testing.assert_close(net(NOISE, SENTENCE), plain_generator(net, NOISE, SENTENCE))


def test_gradients_equal_those_of_the_plain_reading(build):
    net = build('generator').double()
    weights = torch.randn(3, 3, 16, 16, dtype=torch.double)
    gradients = []
    for forward in (net, lambda *args: plain_generator(net, *args)):
        loss = (forward(NOISE.double(), SENTENCE.double())['fake_img'] * weights).sum()
        gradients.append(torch.autograd.grad(loss, list(net.parameters())))
    torch.testing.assert_close(*gradients)


def test_affines_computed_before_change_nothing(build):
    net = build('generator').eval()
    torch.testing.assert_close(net(NOISE, None, net.affines(SENTENCE)), net(NOISE, SENTENCE))


def test_one_captions_affines_serve_several_noises(build):
    net = build('generator').eval()
    one = [type(pair)(*(part.expand(3, -1) for part in pair)) for pair in net.affines(SENTENCE[:1])]
    torch.testing.assert_close(net(NOISE, None, one), net(NOISE, SENTENCE[:1].expand(3, -1)))


def test_masks_double_from_four_pixels_on(build):
    output = build('generator')(NOISE, SENTENCE)
    assert [mask.shape for mask in output['masks']] == [(3, 1, 4, 4), (3, 1, 8, 8), (3, 1, 16, 16)]
    assert output['fake_img'].shape == (3, 3, 16, 16)
    assert all(((mask > 0) & (mask < 1)).all() for mask in output['masks'])
    assert output['fake_img'].abs().max() <= 1


def test_first_block_works_on_four_pixels(build):
    net, sizes = build('generator'), []
    for block in net.blocks:
        block.register_forward_hook(lambda _, args, out: sizes.append((args[0].shape[-1], out[0].shape[-1])))
    net(NOISE, SENTENCE)
    assert sizes == [(4, 4), (4, 8), (8, 16)]


def test_sentence_reaches_the_image_only_through_the_norms(build):
    net = build('generator').eval()
    other = SENTENCE.flip(0)
    assert not torch.allclose(net(NOISE, SENTENCE)['fake_img'], net(NOISE, other)['fake_img'], atol=1e-3)
    for block in net.blocks:
        for norm in block.norms:
            for mlp in (norm.fc_gamma, norm.fc_beta):
                torch.nn.init.zeros_(mlp.linear2.weight)
    assert torch.equal(net(NOISE, SENTENCE)['fake_img'], net(NOISE, other)['fake_img'])


def test_masks_may_be_replaced_to_study_them(build):
    net = build('generator').eval()
    output = net(NOISE, SENTENCE, mask_fn=torch.zeros_like)
    assert all(mask.eq(0).all() for mask in output['masks'])
    assert torch.equal(output['fake_img'], net(NOISE, -SENTENCE, mask_fn=torch.zeros_like)['fake_img'])


@pytest.mark.parametrize(('base_channels', 'parameters'), [(64, 29_494_273), (32, 10_327_425)])
def test_size_is_that_of_the_released_model(base_channels, parameters):
    with torch.device('meta'):
        net = SSACNGenerator(base_channels)
        output = net(torch.empty(2, 100), torch.empty(2, 256))
    assert sum(parameter.numel() for parameter in net.parameters()) == parameters
    assert len(net.state_dict()) == 267
    assert [mask.shape[-1] for mask in output['masks']] == [4, 8, 16, 32, 64, 128, 256]
    assert output['fake_img'].shape == (2, 3, 256, 256)


def test_parts_have_the_released_sizes():
    with torch.device('meta'):
        net = SSACNGenerator()
    parts = [net.fc, net.mask_predictor, *net.blocks, net.to_rgb]
    assert [sum(parameter.numel() for parameter in part.parameters()) for part in parts] == [
        827_392, 461_201, *[5_970_322] * 4, 2_790_034, 1_051_666, 480_833, 1_859]


def test_multipliers_that_do_not_give_the_resolution_are_refused():
    with pytest.raises(ConfigError, match='3 channel_mults give 16 pixels, not resolution 32'):
        SSACNGenerator(resolution=32, channel_mults=(4, 2, 1))
    with pytest.raises(ConfigError, match=r'resolution 64 needs channel_mults \(known for 256 only\)'):
        SSACNGenerator(resolution=64)


def test_batch_norms_are_synchronised_where_asked():
    with torch.device('meta'):
        net = SSACNGenerator(2, norm_cfg=dict(type='SyncBN'))
    norms = [module for module in net.modules() if 'BatchNorm' in type(module).__name__]
    assert all(isinstance(norm, torch.nn.SyncBatchNorm) for norm in norms)
    assert len(norms) == 7 * 2 + 7 + 1


def test_ablation_without_text_does_not_see_the_sentence(build):
    net = build('generator', with_text=False).eval()
    assert torch.equal(net(NOISE, SENTENCE)['fake_img'], net(NOISE, -SENTENCE)['fake_img'])


def test_ablation_without_mask_applies_the_text_everywhere(build):
    net = build('generator', with_mask=False).eval()
    output = net(NOISE, SENTENCE)
    assert all(mask.eq(1).all() for mask in output['masks'])
    assert not torch.allclose(output['fake_img'], net(NOISE, -SENTENCE)['fake_img'], atol=1e-3)
