import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn

from genzoo.errors import WeightsError
from genzoo.utils import load_for_prediction


class Model(nn.Module):
    needed_for_prediction = ('generator',)

    def __init__(self, ema=False):
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        self.discriminator = nn.Linear(3, 1)
        self.loss = nn.ReLU()
        self.register_buffer('iteration', torch.zeros(()))
        if ema:
            self.generator_ema = ExponentialMovingAverage(self.generator, .1)
            nn.init.constant_(self.generator_ema.module[0].weight, 5.)


def state(ema=False, without=()):
    return {key: value for key, value in Model(ema).state_dict().items() if key.split('.')[0] not in without}


def test_whole_checkpoint_fills_every_network():
    model, content = Model(), state()
    assert load_for_prediction(model, content, 'file') == []
    assert torch.equal(model.generator[0].weight, content['generator.0.weight'])
    assert torch.equal(model.discriminator.weight, content['discriminator.weight'])


def test_network_not_needed_may_be_absent_and_is_named():
    model, content = Model(), state(without=('discriminator', 'iteration'))
    before = model.discriminator.weight.clone()
    assert load_for_prediction(model, content, 'file') == ['discriminator']
    assert torch.equal(model.discriminator.weight, before)


@pytest.mark.parametrize('content', [{}, state(without=('generator',)), {'fc.weight': torch.ones(1)}])
def test_checkpoint_without_a_needed_network_is_refused(content):
    with pytest.raises(WeightsError, match='^file: does not fit Model: it lacks generator') as error:
        load_for_prediction(Model(), content, 'file')
    assert '\n' not in str(error.value)


def test_network_that_the_model_lacks_is_refused():
    with pytest.raises(WeightsError, match='it holds encoder, which is unknown'):
        load_for_prediction(Model(), state() | {'encoder.weight': torch.ones(1)}, 'file')


@pytest.mark.parametrize(('change', 'message'), [
    (lambda content: content.pop('generator.0.bias'), r'file \(generator\): .*1 of 7 keys missing: 0.bias'),
    (lambda content: content.update({'discriminator.extra': torch.ones(1)}),
     r'file \(discriminator\): .*1 keys unknown: extra'),
    (lambda content: content.update({'generator.0.weight': torch.ones(9)}), 'another model or of another'),
])
def test_each_network_is_filled_strictly(change, message):
    content = state()
    change(content)
    with pytest.raises(WeightsError, match=message):
        load_for_prediction(Model(), content, 'file')


def test_averaged_copy_of_the_file_is_loaded():
    model, content = Model(ema=True), state(ema=True)
    content['generator_ema.module.0.weight'] = torch.full((3, 2), 7.)
    assert load_for_prediction(model, content, 'file') == []
    assert model.generator_ema.module[0].weight.eq(7).all()


def test_averaged_copy_alone_suffices():
    content = state(ema=True, without=('generator',))
    assert load_for_prediction(Model(ema=True), content, 'file') == ['generator']


def test_without_an_averaged_copy_in_the_file_the_network_itself_is_what_predicts():
    model, content = Model(ema=True), state()
    load_for_prediction(model, content, 'file')
    for key, value in model.generator_ema.module.state_dict().items():
        assert torch.equal(value, content[f'generator.{key}'])


def test_averages_that_the_model_does_not_keep_become_the_network_itself():
    model = Model()
    load_for_prediction(model, state(ema=True), 'file')
    assert model.generator[0].weight.eq(5).all()


def test_averages_of_a_network_that_the_model_lacks_are_refused():
    with pytest.raises(WeightsError, match='it holds encoder_ema, which is unknown'):
        load_for_prediction(Model(), state() | {'encoder_ema.module.weight': torch.ones(1)}, 'file')


def test_buffers_of_the_model_itself_are_loaded():
    model = Model()
    load_for_prediction(model, state() | {'iteration': torch.tensor(7.)}, 'file')
    assert model.iteration == 7


def test_weights_that_are_not_finite_are_refused():
    content = state()
    content['discriminator.bias'] = torch.tensor([torch.nan])
    with pytest.raises(WeightsError, match=r'file: discriminator\.bias holds values that are not finite\. Take an'):
        load_for_prediction(Model(), content, 'file')
