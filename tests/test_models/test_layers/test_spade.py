import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genzoo.models.layers import LabelPyramid, SPADENorm, SPADEResBlock, spectral_norm, xavier_normal_init


def labels(side=8, channels=3):
    classes = torch.randint(channels, (2, side, side), generator=torch.Generator().manual_seed(0))
    return F.one_hot(classes, channels).permute(0, 3, 1, 2).float()


def features(side=4, channels=6):
    return torch.randn(2, channels, side, side, generator=torch.Generator().manual_seed(1))


def test_norm_is_batch_norm_scaled_and_shifted_by_two_convolutions_of_the_resized_label_map():
    norm, x = SPADENorm(6, 3, hidden=5), features()
    segmentation = F.interpolate(labels(), size=(4, 4), mode='nearest')
    hidden = F.relu(norm.shared[0](segmentation))
    gamma, beta = (F.conv2d(hidden, weight, bias, padding=1) for weight, bias in
                   zip(norm.gamma_beta.weight.chunk(2), norm.gamma_beta.bias.chunk(2)))
    expected = F.batch_norm(x, None, None, training=True, eps=1e-5) * (1 + gamma) + beta
    torch.testing.assert_close(norm(x, LabelPyramid(labels())), expected, rtol=1e-5, atol=1e-5)


def test_label_map_is_resized_once_a_size(monkeypatch):
    calls, resize = [], F.interpolate
    monkeypatch.setattr(F, 'interpolate', lambda *args, size, **kwargs: (
        calls.append(size) or resize(*args, size=size, **kwargs)))
    pyramid = LabelPyramid(labels())
    block = SPADEResBlock(6, 4, 3)
    for x in (features(), features(), features(8)):
        block(x, pyramid)
    assert calls == [(4, 4)]


@pytest.mark.parametrize('out_channels', [4, 6])
def test_shortcut_is_learned_where_channels_change(out_channels):
    block = SPADEResBlock(6, out_channels, 3)
    assert (block.conv_s is not None) == (out_channels != 6)
    assert block(features(), LabelPyramid(labels())).shape == (2, out_channels, 4, 4)


def test_batch_norm_becomes_synchronised_without_new_keys():
    block = SPADEResBlock(6, 4, 3)
    synchronised = nn.SyncBatchNorm.convert_sync_batchnorm(block)
    assert isinstance(synchronised.norm_s.norm, nn.SyncBatchNorm)
    assert synchronised.state_dict().keys() == SPADEResBlock(6, 4, 3).state_dict().keys()


class TestXavier:
    @staticmethod
    def deviation(fan_in, fan_out):
        return pytest.approx(0.02 * (2 / (fan_in + fan_out)) ** .5, rel=0.05)

    def test_reaches_the_weight_under_a_spectral_norm(self):
        conv = spectral_norm(nn.Conv2d(64, 64, 3))
        u = conv.parametrizations.weight[0]._u.clone()
        xavier_normal_init(conv)
        assert conv.parametrizations.weight.original.std().item() == self.deviation(9 * 64, 9 * 64)
        assert torch.equal(conv.bias, torch.zeros(64))
        assert torch.equal(conv.parametrizations.weight[0]._u, u)

    def test_fused_convolutions_begin_as_two(self):
        norm = SPADENorm(16, 3, hidden=128)
        xavier_normal_init(norm)
        for weight in norm.gamma_beta.weight.chunk(2):
            assert weight.std().item() == self.deviation(9 * 128, 9 * 16)
