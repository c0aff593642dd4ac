"""A small model that records what happens, and its optimisers."""
import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from genzoo.models.base import AdversarialModel


class Recorder(AdversarialModel):
    """Linear networks: generator (B, 2) to (B, 3), discriminator and frozen judge (B, 3) to (B, 1).

    ``record`` lists the losses asked for, with the networks that took gradients meanwhile.
    """

    networks = ('generator', 'discriminator', 'judge')

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = nn.Linear(2, 3)
        self.discriminator = nn.Linear(3, 1)
        self.judge = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(.5), nn.Linear(3, 1))
        self.record, self.begun = [], []
        self.finish_networks()

    def begin_iteration(self, inputs, data_samples):
        self.begun.append((inputs, data_samples))
        return dict(inputs, fake=self.generator(inputs['noise']))

    def _note(self, name):
        self.record.append((name, tuple(network for network in self.networks
                                        if next(getattr(self, network).parameters()).requires_grad)))

    def discriminator_losses(self, state):
        self._note('d')
        fake, real = self.discriminator(state['fake'].detach()), self.discriminator(state['img'])
        return dict(loss_d_fake=fake.square().mean(), loss_d_real=(real - 1).square().mean(),
                    mean_logit=fake.mean())

    def penalty_losses(self, state):
        self._note('gp')
        return dict(loss_gp=self.discriminator.weight.square().sum())

    def generator_losses(self, state):
        self._note('g')
        logits = self.discriminator(state['fake']) + self.judge(state['fake'])
        return dict(loss_g=(logits - 1).square().mean())

    def joint_losses(self, state):
        self._note('joint')
        return dict(loss_joint=self.discriminator(self.generator(state['noise'])).square().mean())

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.network('generator')(inputs['noise'])


@pytest.fixture
def make_model():
    """``make_model(**arguments)``: always the same weights."""
    def make(**kwargs):
        torch.manual_seed(5)
        return Recorder(**kwargs).train()
    return make


@pytest.fixture
def make_optimizers():
    """``make_optimizers(model)``: plain gradient descent for each of two networks."""
    def make(model, lr=.1, wrapper=OptimWrapper, **kwargs):
        return OptimWrapperDict(**{
            name: wrapper(torch.optim.SGD(getattr(model, name).parameters(), lr), **kwargs)
            for name in ('generator', 'discriminator')})
    return make


@pytest.fixture
def make_batch():
    """``make_batch(size, seed=0)``: what a loader would yield."""
    def make(size=4, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return dict(inputs=dict(img=torch.randn(size, 3, generator=generator),
                                noise=torch.randn(size, 2, generator=generator)),
                    data_samples=[f'sample{i}' for i in range(size)])
    return make
