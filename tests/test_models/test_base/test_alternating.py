import copy

import pytest
import torch
from torch import nn

from genzoo.engine import AutocastOptimWrapper
from genzoo.errors import ConfigError
from genzoo.models.base import Update, unwrap


def state_of(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[key], second[key]) for key in first)


def updates_of(*names, optimizers=('discriminator',), **kwargs):
    methods = dict(d='discriminator_losses', gp='penalty_losses', g='generator_losses', joint='joint_losses')
    return [Update(methods[name], optimizers, **kwargs) for name in names]


class TestOrder:
    def names(self, model):
        return [name for name, _ in model.record]

    def test_updates_run_in_their_order(self, make_model, make_optimizers, make_batch):
        model = make_model(updates=[*updates_of('gp', 'd'), *updates_of('g', optimizers=('generator',))])
        for _ in range(2):
            model.train_step(make_batch(), make_optimizers(model))
        assert self.names(model) == ['gp', 'd', 'g'] * 2

    def test_lazy_updates_run_in_iterations_that_their_interval_divides(self, make_model, make_optimizers,
                                                                        make_batch):
        model = make_model(updates=[*updates_of('d'), *updates_of('gp', interval=3, repeats=2)])
        for _ in range(5):
            model.train_step(make_batch(), make_optimizers(model))
        assert self.names(model) == ['d', 'gp', 'gp', 'd', 'd', 'd', 'gp', 'gp', 'd']

    def test_several_discriminator_steps_come_before_that_of_the_generator(self, make_model, make_optimizers,
                                                                           make_batch):
        model = make_model(discriminator_steps=3)
        model.train_step(make_batch(), make_optimizers(model))
        assert self.names(model) == ['d', 'd', 'd', 'g']

    def test_what_updates_share_is_made_once(self, make_model, make_optimizers, make_batch):
        model = make_model(discriminator_steps=3)
        model.train_step(make_batch(), make_optimizers(model))
        (inputs, samples), = model.begun
        assert samples == make_batch()['data_samples']
        assert same(make_batch()['inputs'], inputs)


class TestGradients:
    def test_only_what_the_active_optimizers_own_takes_gradients(self, make_model, make_optimizers,
                                                                 make_batch):
        joint = updates_of('joint', optimizers=('generator', 'discriminator'))
        model = make_model(updates=[*updates_of('d'), *updates_of('g', optimizers=('generator',)), *joint],
                           frozen=['judge'])
        model.train_step(make_batch(), make_optimizers(model))
        assert model.record == [('d', ('discriminator',)), ('g', ('generator',)),
                                ('joint', ('generator', 'discriminator'))]

    @pytest.mark.parametrize(('name', 'network'), [('d', 'discriminator'), ('g', 'generator')])
    def test_only_what_the_active_optimizers_own_changes(self, make_model, make_optimizers, make_batch, name,
                                                         network):
        model = make_model(updates=updates_of(name, optimizers=(network,)), frozen=['judge'])
        before = {child: state_of(getattr(model, child)) for child in model.networks}
        model.train_step(make_batch(), make_optimizers(model))
        changed = [child for child, old in before.items() if not same(old, state_of(getattr(model, child)))]
        assert changed == [network]

    def test_discriminator_gets_no_gradient_from_the_generators_loss(self, make_model, make_optimizers,
                                                                     make_batch):
        model = make_model(frozen=['judge'])
        computed = []
        for child in ('discriminator', 'generator'):
            getattr(model, child).weight.register_hook(lambda _, child=child: computed.append(child))
        model.train_step(make_batch(), make_optimizers(model))
        assert computed == ['discriminator', 'generator']

    def test_nothing_is_left_over_after_an_iteration(self, make_model, make_optimizers, make_batch):
        model = make_model(frozen=['judge'])
        model.train_step(make_batch(), make_optimizers(model))
        assert all(parameter.grad is None for parameter in model.parameters())
        assert model.generator.weight.requires_grad
        assert model.discriminator.weight.requires_grad

    def test_gradients_from_elsewhere_do_not_enter_a_step(self, make_model, make_optimizers, make_batch):
        clean, dirty = make_model(), make_model()
        for parameter in dirty.parameters():
            parameter.grad = torch.full_like(parameter, 9.)
        for model in (clean, dirty):
            model.judge.eval()
            model.train_step(make_batch(), make_optimizers(model))
        assert same(clean.state_dict(), dirty.state_dict())

    def test_step_is_gradient_descent_on_the_sum_of_the_losses(self, make_model, make_optimizers, make_batch):
        model = make_model(updates=updates_of('d'))
        plain, inputs = copy.deepcopy(model), make_batch()['inputs']
        logs = model.train_step(make_batch(), make_optimizers(model, lr=.1))
        fake = plain.discriminator(plain.generator(inputs['noise']).detach())
        real = plain.discriminator(inputs['img'])
        (fake.square().mean() + (real - 1).square().mean()).backward()
        expected = plain.discriminator.weight - .1 * plain.discriminator.weight.grad
        torch.testing.assert_close(model.discriminator.weight, expected)
        torch.testing.assert_close(logs['loss_d_real'], (real - 1).square().mean().detach())

    def test_values_not_called_loss_are_logged_and_not_minimised(self, make_model, make_optimizers,
                                                                 make_batch):
        model = make_model()
        logs = model.train_step(make_batch(), make_optimizers(model))
        assert set(logs) == {'loss_d_fake', 'loss_d_real', 'mean_logit', 'loss_g'}
        assert not any(value.requires_grad for value in logs.values())

    def test_autocast_covers_the_shared_part_and_the_losses(self, make_model, make_optimizers, make_batch):
        model = make_model(frozen=['judge'])
        dtypes = []
        for child in ('generator', 'discriminator'):
            getattr(model, child).register_forward_hook(lambda _, args, out: dtypes.append(out.dtype))
        model.train_step(make_batch(), make_optimizers(model, wrapper=AutocastOptimWrapper))
        assert dtypes == [torch.bfloat16] * 4


class TestAverages:
    MOMENTUM = .25

    def model(self, make_model):
        ema = dict(type='ExponentialMovingAverage', momentum=self.MOMENTUM)
        return make_model(frozen=['judge'], ema=dict(generator=ema))

    def test_copy_follows_its_closed_form(self, make_model, make_optimizers, make_batch):
        model, weights = self.model(make_model), []
        optimizers = make_optimizers(model)
        for seed in range(4):
            model.train_step(make_batch(seed=seed), optimizers)
            weights.append(model.generator.weight.detach().clone())
        m = self.MOMENTUM
        expected = ((1 - m)**3 * weights[0] + m * (1 - m)**2 * weights[1] + m * (1 - m) * weights[2]
                    + m * weights[3])
        torch.testing.assert_close(model.generator_ema.module.weight, expected)
        assert not torch.equal(weights[0], weights[3])

    def test_predictions_use_the_copy(self, make_model, make_optimizers, make_batch):
        model, batch = self.model(make_model), make_batch()
        for _ in range(3):
            model.train_step(batch, make_optimizers(model))
        expected = model.generator_ema.module(batch['inputs']['noise'])
        assert torch.equal(model(batch['inputs']), expected)
        assert not torch.equal(model.generator(batch['inputs']['noise']), expected)

    def test_copy_takes_no_gradient_and_stays_in_evaluation(self, make_model):
        model = self.model(make_model).train()
        assert not model.generator_ema.training
        assert model.generator.training
        assert not any(parameter.requires_grad for parameter in model.generator_ema.parameters())

    def test_buffers_of_the_copy_are_the_latest(self, make_model, make_optimizers, make_batch):
        ema = dict(type='ExponentialMovingAverage', momentum=self.MOMENTUM)
        model = make_model(ema=dict(judge=ema))
        for seed in range(2):
            model.train_step(make_batch(seed=seed), make_optimizers(model))
        assert torch.equal(model.judge_ema.module[0].running_mean, model.judge[0].running_mean)
        assert model.judge[0].running_mean.ne(0).all()

    def test_copy_survives_a_checkpoint(self, make_model, make_optimizers, make_batch):
        model, other = self.model(make_model), self.model(make_model)
        for _ in range(2):
            model.train_step(make_batch(), make_optimizers(model))
        other.load_state_dict(state_of(model))
        for each in (model, other):
            each.train_step(make_batch(seed=1), make_optimizers(each))
        assert same(model.state_dict(), other.state_dict())

    def test_copy_of_an_unknown_network_is_refused(self, make_model):
        with pytest.raises(ConfigError, match="model.ema: Recorder has no network 'generater'"):
            make_model(ema=dict(generater=dict(type='ExponentialMovingAverage')))


def test_frozen_networks_stay_in_evaluation_and_unchanged(make_model, make_optimizers, make_batch):
    model = make_model(frozen=['judge'])
    before = state_of(model.judge)
    model.train()
    model.train_step(make_batch(), make_optimizers(model))
    assert not any(module.training for module in model.judge.modules())
    assert same(before, model.judge.state_dict())
    assert not any(parameter.requires_grad for parameter in model.judge.parameters())


class TestAccumulation:
    def test_parts_give_the_weights_of_the_whole_batch(self, make_model, make_optimizers, make_batch):
        models = [make_model(frozen=['judge'], accumulation_rounds=rounds) for rounds in (1, 2)]
        logs = []
        for model in models:
            optimizers = make_optimizers(model)
            for seed in range(3):
                logs.append(model.train_step(make_batch(6, seed), optimizers))
        torch.testing.assert_close(*(dict(model.state_dict()) for model in models))
        torch.testing.assert_close(logs[2], logs[5])

    def test_an_optimizer_steps_once_for_all_parts(self, make_model, make_optimizers, make_batch):
        model = make_model(accumulation_rounds=3)
        optimizers, steps = make_optimizers(model), []
        for name, wrapper in optimizers.items():
            wrapper.optimizer.register_step_post_hook(lambda *_, name=name: steps.append(name))
        model.train_step(make_batch(6), optimizers)
        assert steps == ['discriminator', 'generator']

    def test_every_part_has_its_data_samples(self, make_model, make_optimizers, make_batch):
        model = make_model(accumulation_rounds=2)
        model.train_step(make_batch(4), make_optimizers(model))
        assert [samples for _, samples in model.begun] == [['sample0', 'sample1'], ['sample2', 'sample3']]
        assert [len(inputs['img']) for inputs, _ in model.begun] == [2, 2]

    def test_batch_that_does_not_divide_is_refused(self, make_model, make_optimizers, make_batch):
        model = make_model(accumulation_rounds=3)
        with pytest.raises(ConfigError, match='a batch of 4 does not divide into 3 equal parts'):
            model.train_step(make_batch(4), make_optimizers(model))


def test_update_without_its_optimizer_is_one_line(make_model, make_optimizers, make_batch):
    model = make_model(updates=updates_of('joint', optimizers=('generator', 'encoders')))
    with pytest.raises(ConfigError, match='has no "encoders", which Recorder.joint_losses needs; it has generator'):
        model.train_step(make_batch(), make_optimizers(model))


class TestIterationCounter:
    def test_it_survives_a_checkpoint(self, make_model, make_optimizers, make_batch):
        updates = [*updates_of('d'), *updates_of('gp', interval=4)]
        model, other = make_model(updates=updates), make_model(updates=updates)
        for _ in range(3):
            model.train_step(make_batch(), make_optimizers(model))
        other.train_step(make_batch(), make_optimizers(other))
        other.load_state_dict(model.state_dict())
        other.record.clear()
        for _ in range(2):
            other.train_step(make_batch(), make_optimizers(other))
        assert [name for name, _ in other.record] == ['d', 'd', 'gp']
        assert int(other.iteration) == 5

    def test_a_step_that_failed_does_not_count(self, make_model, make_optimizers, make_batch):
        model = make_model(accumulation_rounds=3)
        with pytest.raises(ConfigError):
            model.train_step(make_batch(4), make_optimizers(model))
        assert int(model.iteration) == 0


def test_network_is_found_within_its_wrapper(make_model):
    model = make_model()
    generator = model.generator
    model.generator = nn.DataParallel(generator)
    assert model.network('generator') is generator
    assert unwrap(generator) is generator
