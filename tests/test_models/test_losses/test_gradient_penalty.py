"""Discriminators of known input gradient: linear ones, and sum(w x^2) / 2 with gradient w x."""
import pytest
import torch
from torch import nn

from genzoo.models.losses import MatchingAwareGradientPenalty, R1Penalty, WassersteinGradientPenalty

IMAGES = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(1))
SENTENCES = torch.randn(4, 5, generator=torch.Generator().manual_seed(2))


class Linear(nn.Module):
    """A linear logit of images, and of sentences where they are given."""

    def __init__(self):
        super().__init__()
        self.image = nn.Linear(12, 1)
        self.sentence = nn.Linear(5, 1)

    def forward(self, images, sentences=None):
        logits = self.image(images.flatten(1))
        return logits if sentences is None else logits + self.sentence(sentences)


class Quadratic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(12))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return (self.weight * images.flatten(1).square() / 2).sum(1) + self.bias


def leaf(x):
    return x.clone().requires_grad_()


class TestR1:
    def test_linear_discriminator(self):
        net, images = Linear(), leaf(IMAGES)
        penalty = R1Penalty(gamma=3.)(net(images), images)
        penalty.backward()
        weight = net.image.weight
        torch.testing.assert_close(penalty, 1.5 * weight.square().sum())
        torch.testing.assert_close(weight.grad, 3 * weight.detach())

    def test_quadratic_discriminator(self):
        net, images = Quadratic(), leaf(IMAGES)
        penalty = R1Penalty(gamma=3.)(net(images), images)
        penalty.backward()
        squares = IMAGES.flatten(1).square()
        torch.testing.assert_close(penalty, 1.5 * (net.weight.square() * squares).sum(1).mean())
        torch.testing.assert_close(net.weight.grad, 3 * net.weight.detach() * squares.mean(0))


class TestWasserstein:
    def test_linear_discriminator(self):
        net = Linear()
        penalty = WassersteinGradientPenalty(loss_weight=10.)(net, IMAGES, -IMAGES)
        penalty.backward()
        weight = net.image.weight.detach()
        norm = weight.norm()
        torch.testing.assert_close(penalty, 10 * (norm - 1).square())
        torch.testing.assert_close(net.image.weight.grad, 20 * (norm - 1) * weight / norm)

    def test_quadratic_discriminator_between_real_and_fake(self):
        net, seen = Quadratic(), []
        net.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        penalty = WassersteinGradientPenalty(loss_weight=10.)(net, IMAGES, IMAGES + 1)
        mixed = seen[0].detach()
        expected = 10 * ((net.weight * mixed.flatten(1)).norm(dim=1) - 1).square().mean()
        torch.testing.assert_close(penalty, expected)

    def test_every_sample_has_one_share_of_its_own(self):
        seen = []
        WassersteinGradientPenalty()(lambda x: (seen.append(x), x.flatten(1).sum(1))[1], IMAGES, IMAGES + 1)
        shares = (seen[0].detach() - IMAGES).flatten(1)
        torch.testing.assert_close(shares, shares[:, :1].expand_as(shares))
        assert ((shares >= 0) & (shares <= 1)).all()
        assert len(shares[:, 0].unique()) == len(IMAGES)

    def test_generated_images_of_lower_precision_are_mixed_in_that_of_the_real_ones(self):
        seen = []
        fake = torch.zeros(4, 3, 2, 2, dtype=torch.bfloat16)
        WassersteinGradientPenalty()(lambda x: (seen.append(x), x.flatten(1).sum(1))[1], IMAGES, fake)
        assert seen[0].dtype == torch.float32

    def test_generator_gets_no_gradient(self):
        fake = leaf(IMAGES + 1)
        WassersteinGradientPenalty()(Quadratic(), IMAGES, fake).backward()
        assert fake.grad is None


class TestMatchingAware:
    def test_linear_discriminator(self):
        net, images, sentences = Linear(), leaf(IMAGES), leaf(SENTENCES)
        penalty = MatchingAwareGradientPenalty()(net(images, sentences), images, sentences)
        penalty.backward()
        weights = net.image.weight.detach(), net.sentence.weight.detach()
        norm = torch.cat(weights, dim=1).norm()
        torch.testing.assert_close(penalty, 2 * norm**6)
        torch.testing.assert_close(net.image.weight.grad, 12 * norm**4 * weights[0])
        torch.testing.assert_close(net.sentence.weight.grad, 12 * norm**4 * weights[1])

    def test_bilinear_discriminator_has_one_norm_a_sample_over_image_and_sentence(self):
        matrix = nn.Parameter(torch.randn(12, 5))
        images, sentences = leaf(IMAGES), leaf(SENTENCES)
        logits = ((images.flatten(1) @ matrix) * sentences).sum(1)
        penalty = MatchingAwareGradientPenalty(p=3, k=.5)(logits, images, sentences)
        squares = (SENTENCES @ matrix.T).square().sum(1) + (IMAGES.flatten(1) @ matrix).square().sum(1)
        expected = .5 * squares.pow(1.5).mean()
        torch.testing.assert_close(penalty, expected)
        torch.testing.assert_close(*(torch.autograd.grad(value, matrix)[0] for value in (penalty, expected)))

    def test_flat_discriminator_gives_finite_gradients(self):
        net, images, sentences = Linear(), leaf(IMAGES), leaf(SENTENCES)
        for weight in (net.image.weight, net.sentence.weight):
            nn.init.zeros_(weight)
        penalty = MatchingAwareGradientPenalty()(net(images, sentences), images, sentences)
        penalty.backward()
        assert penalty == 0
        assert net.image.weight.grad.eq(0).all()


def _penalise(name, net):
    images, sentences = leaf(IMAGES), leaf(SENTENCES)
    if name == 'r1':
        R1Penalty()(net(images), images).backward()
    elif name == 'wgan':
        WassersteinGradientPenalty()(net, IMAGES, IMAGES + 1).backward()
    else:
        MatchingAwareGradientPenalty()(net(images, sentences), images, sentences).backward()


@pytest.mark.parametrize('name', ['r1', 'wgan', 'ma'])
def test_weights_that_only_shift_the_logits_get_zero_and_not_none(name):
    net = Linear()
    _penalise(name, net)
    assert torch.equal(net.image.bias.grad, torch.zeros(1))


@pytest.mark.parametrize('name', ['r1', 'wgan', 'ma'])
def test_weight_gradients_are_those_of_finite_differences(name):
    def penalty(weight):
        images, sentences = leaf(IMAGES.double()), leaf(SENTENCES.double())

        def net(x):
            return ((x.flatten(1) @ weight).tanh() * sentences).sum(1)

        torch.manual_seed(0)
        if name == 'r1':
            return R1Penalty()(net(images), images)
        if name == 'wgan':
            return WassersteinGradientPenalty()(net, images, images + 1)
        return MatchingAwareGradientPenalty()(net(images), images, sentences)

    assert torch.autograd.gradcheck(penalty, leaf(torch.randn(12, 5, dtype=torch.double) / 4))
