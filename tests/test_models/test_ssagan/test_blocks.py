import pytest
import torch
import torch.nn.functional as F
from torch import nn

from genzoo.models.ssagan.blocks import MaskPredictor, SemanticSpatialCondBN, SSACNBlock, affines_of

X = torch.randn(3, 4, 5, 5, generator=torch.Generator().manual_seed(1))
SENTENCE = torch.randn(3, 16, generator=torch.Generator().manual_seed(2))
MASK = torch.rand(3, 1, 5, 5, generator=torch.Generator().manual_seed(3))


class TestConditionalNorm:
    def test_it_starts_as_plain_batch_norm(self):
        norm, plain = SemanticSpatialCondBN(4, 16), nn.BatchNorm2d(4, affine=False)
        for mode in (True, False):
            torch.testing.assert_close(norm.train(mode)(X, SENTENCE, MASK), plain.train(mode)(X))
        torch.testing.assert_close(norm.bn.running_var, plain.running_var)

    def test_second_layers_start_at_zero_and_take_gradients(self):
        norm = SemanticSpatialCondBN(4, 16)
        (norm(X, SENTENCE, MASK) * X).sum().backward()
        for mlp in (norm.fc_gamma, norm.fc_beta):
            assert mlp.linear2.weight.eq(0).all()
            assert mlp.linear2.bias.eq(0).all()
            assert mlp.linear2.weight.grad.ne(0).any()

    def test_mask_places_the_affine_transform_and_not_the_identity(self, awaken):
        norm = awaken(SemanticSpatialCondBN(4, 16)).eval()
        gamma, beta = norm.fc_gamma(SENTENCE)[..., None, None], norm.fc_beta(SENTENCE)[..., None, None]
        x = norm.bn(X)
        torch.testing.assert_close(norm(X, SENTENCE, MASK), (1 + gamma * MASK) * x + beta * MASK)
        torch.testing.assert_close(norm(X, SENTENCE, torch.zeros_like(MASK)), x)

    def test_affine_that_is_known_already_is_used(self, awaken):
        norm = awaken(SemanticSpatialCondBN(4, 16))
        affine, = affines_of([norm], SENTENCE)
        torch.testing.assert_close(norm(X, None, MASK, affine), norm(X, SENTENCE, MASK))

    def test_batch_norm_has_no_affine_transform_of_its_own(self):
        keys = set(SemanticSpatialCondBN(4, 16, dict(type='SyncBN')).state_dict())
        assert {key for key in keys if key.startswith('bn.')} == {
            'bn.running_mean', 'bn.running_var', 'bn.num_batches_tracked'}


class TestBlock:
    def test_it_starts_as_its_shortcut(self):
        same = SSACNBlock(4, 4, 16)
        assert torch.equal(same(X, SENTENCE, MASK)[0], X)
        wider = SSACNBlock(4, 6, 16)
        torch.testing.assert_close(wider(X, SENTENCE, MASK)[0], wider.shortcut(X))

    @pytest.mark.parametrize('out_channels', [4, 6])
    def test_upsampling_comes_before_everything(self, awaken, out_channels):
        torch.manual_seed(0)
        fast = awaken(SSACNBlock(4, out_channels, 16, upsample=True)).eval()
        plain = SSACNBlock(4, out_channels, 16).eval()
        plain.load_state_dict(fast.state_dict())
        mask = torch.rand(3, 1, 10, 10)
        expected = plain(F.interpolate(X, scale_factor=2), SENTENCE, mask)
        torch.testing.assert_close(fast(X, SENTENCE, mask), expected)

    def test_mask_predictor_gives_logits_of_the_output(self, awaken):
        block = awaken(SSACNBlock(4, 6, 16)).eval()
        y, logits = block(X, SENTENCE, MASK)
        torch.testing.assert_close(logits, block.mask_predictor(y))
        assert logits.shape == (3, 1, 5, 5)
        assert logits.min() < 0 or logits.max() > 1

    def test_last_block_predicts_no_mask(self):
        assert SSACNBlock(4, 6, 16, predict_mask=False)(X, SENTENCE, MASK)[1] is None


def test_mask_predictor_normalises_between_its_convolutions():
    predictor = MaskPredictor(4, 7)
    assert [tuple(value.shape) for value in predictor.state_dict().values()] == [
        (7, 4, 3, 3), (7,), (7,), (7,), (7,), (7,), (), (1, 7, 1, 1), (1,)]
