import pytest
import torch
from torch import nn

from genzoo.engine import AutocastOptimWrapper, NetworkOptimWrapperConstructor
from genzoo.errors import ConfigError


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Linear(2, 3)
        self.text_encoder = nn.Linear(3, 4)
        self.image_encoder = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 6))
        self.image_encoder[0].requires_grad_(False)


def sgd(lr: float = 0.1, **more) -> dict:
    return dict(optimizer=dict(type='SGD', lr=lr), **more)


def construct(**entries):
    return NetworkOptimWrapperConstructor(entries)(Model())


def test_each_network_gets_its_own_optimiser():
    wrappers = construct(generator=sgd(0.1), text_encoder=sgd(0.2, type='AutocastOptimWrapper'))
    assert wrappers.get_lr() == {'generator.lr': [0.1], 'text_encoder.lr': [0.2]}
    assert isinstance(wrappers['text_encoder'], AutocastOptimWrapper)


def test_a_group_holds_what_is_trainable_of_several_networks():
    wrappers = construct(encoders=sgd(modules=['text_encoder', 'image_encoder']))
    shapes = [tuple(p.shape) for p in wrappers['encoders'].param_groups[0]['params']]
    assert shapes == [(4, 3), (4,), (6, 5), (6,)]


def test_building_leaves_the_config_as_it_was():
    entries = dict(encoders=sgd(modules=['text_encoder']))
    NetworkOptimWrapperConstructor(entries)(Model())
    assert entries == dict(encoders=sgd(modules=['text_encoder']))


@pytest.mark.parametrize(('entries', 'message'), [
    (dict(generater=sgd()), 'has no network "generater"; nearest: "generator"'),
    (dict(both=sgd(modules=['generator', 'image_encodr'])), 'nearest: "image_encoder"'),
    (dict(generator=sgd(accumulative_counts=2)),
     'optim_wrapper.generator.accumulative_counts=2: .*model.accumulation_rounds'),
    (dict(generator=dict(type='SGD')), 'optim_wrapper.generator: must be a dict with an `optimizer`'),
])
def test_wrong_entries_are_named(entries, message):
    with pytest.raises(ConfigError, match=message):
        construct(**entries)


def test_frozen_network_is_refused():
    model = Model()
    model.generator.requires_grad_(False)
    with pytest.raises(ConfigError, match='generator has no trainable parameters'):
        NetworkOptimWrapperConstructor(dict(generator=sgd()))(model)


def test_paramwise_settings_are_refused():
    with pytest.raises(ConfigError, match='paramwise_cfg'):
        NetworkOptimWrapperConstructor(dict(generator=sgd()), paramwise_cfg=dict(bias_lr_mult=2))


def test_parameters_of_the_optimiser_are_those_of_the_model():
    model = Model()
    wrappers = NetworkOptimWrapperConstructor(dict(generator=sgd()))(model)
    wrappers['generator'].update_params(model.generator(torch.ones(1, 2)).sum())
    assert not torch.equal(model.generator.bias, Model().generator.bias)


def test_mixed_precision_has_one_loss_scale():
    amp = dict(type='AutocastOptimWrapper')
    wrappers = construct(generator=sgd(**amp), text_encoder=sgd(**amp))
    assert wrappers['generator'].loss_scaler is wrappers['text_encoder'].loss_scaler
