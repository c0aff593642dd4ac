import pytest
import torch

from genzoo.models.losses import HingeMatchingGANLoss

REAL = torch.tensor([2., -1., .5]).view(3, 1, 1, 1)
MISMATCHING = torch.tensor([-2., 1.]).view(2, 1, 1, 1)
FAKE = torch.tensor([0., -.5, 3.]).view(3, 1, 1, 1)


def test_parts_have_their_closed_forms():
    parts = HingeMatchingGANLoss().discriminator(REAL, MISMATCHING, FAKE)
    assert parts['loss_d_real'].item() == pytest.approx((0 + 2 + .5) / 3)
    assert parts['loss_d_mismatching'].item() == pytest.approx((0 + 2) / 2 / 2)
    assert parts['loss_d_fake'].item() == pytest.approx((1 + .5 + 4) / 3 / 2)
    assert len(parts) == 3


def test_generator_pays_the_negative_mean_without_a_margin():
    assert HingeMatchingGANLoss()(FAKE).item() == pytest.approx(-2.5 / 3)


def test_weight_of_the_mismatching_pairs_leaves_the_others_alone():
    plain = HingeMatchingGANLoss().discriminator(REAL, MISMATCHING, FAKE)
    weighted = HingeMatchingGANLoss().discriminator(REAL, MISMATCHING, FAKE, mismatching_weight=.25)
    assert weighted['loss_d_mismatching'] == .25 * plain['loss_d_mismatching']
    assert weighted['loss_d_real'] == plain['loss_d_real']
    assert weighted['loss_d_fake'] == plain['loss_d_fake']


def test_rank_without_mismatching_pairs_pays_nothing_for_them():
    mismatching = torch.zeros(0, 1, 1, 1, requires_grad=True)
    loss = HingeMatchingGANLoss().discriminator(REAL, mismatching, FAKE, 0.)['loss_d_mismatching']
    loss.backward()
    assert loss == 0
