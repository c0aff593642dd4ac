import math

import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.losses import GANLoss

REAL, FAKE = torch.tensor([2., -1.]), torch.tensor([[.5], [-3.]])


def log1p_exp(x):
    return math.log(1 + math.exp(x))


@pytest.mark.parametrize(('gan_type', 'real_side', 'fake_side', 'generator'), [
    ('hinge', (0 + 2) / 2, (1.5 + 0) / 2, (-.5 + 3) / 2),
    ('lsgan', (1 + 4) / 2, (.25 + 9) / 2, (.25 + 16) / 2),
    ('logistic', (log1p_exp(-2) + log1p_exp(1)) / 2, (log1p_exp(.5) + log1p_exp(-3)) / 2,
     (log1p_exp(-.5) + log1p_exp(3)) / 2),
    ('wgan', -.5, -1.25, 1.25),
])
def test_each_kind_has_its_closed_form(gan_type, real_side, fake_side, generator):
    loss = GANLoss(gan_type)
    assert loss.real_side(REAL).item() == pytest.approx(real_side)
    assert loss.fake_side(FAKE).item() == pytest.approx(fake_side)
    assert loss.discriminator(REAL, FAKE).item() == pytest.approx(real_side + fake_side)
    assert loss(FAKE).item() == pytest.approx(generator)


def test_scales_count_equally_whatever_their_size():
    loss = GANLoss('lsgan')
    scales = [torch.full((2, 1, 8, 8), 3.), torch.full((2, 1, 2, 2), 1.)]
    assert loss.real_side(scales).item() == pytest.approx((4 + 0) / 2)
    assert loss.fake_side(tuple(scales)).item() == pytest.approx((9 + 1) / 2)
    assert loss(scales).item() == pytest.approx(2)


def test_scales_of_several_heads_may_be_nested():
    assert GANLoss('wgan')([[torch.tensor([1.])], [torch.tensor([2.]), torch.tensor([6.])]]).item() == -2.5


def test_weight_is_the_generators_alone():
    weighted, plain = GANLoss('lsgan', loss_weight=.1), GANLoss('lsgan')
    assert weighted(FAKE).item() == pytest.approx(.1 * plain(FAKE).item())
    assert torch.equal(weighted.discriminator(REAL, FAKE), plain.discriminator(REAL, FAKE))


def test_logistic_loss_does_not_overflow():
    loss = GANLoss('logistic')
    assert loss.real_side(torch.tensor([-1e4])).item() == pytest.approx(1e4)
    assert loss.fake_side(torch.tensor([1e4])).item() == pytest.approx(1e4)


def test_unknown_kind_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"gan_type 'hing' is none of hinge, lsgan, logistic, wgan"):
        GANLoss('hing')
