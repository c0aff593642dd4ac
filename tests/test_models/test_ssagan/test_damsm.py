import copy
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from genzoo.engine import NetworkOptimWrapperConstructor
from genzoo.engine.hooks import ResetOptimizerHook
from genzoo.errors import DataError
from genzoo.models.ssagan import DAMSM
from genzoo.models.ssagan.damsm import own_caption_rate
from genzoo.structures import DataSample


@pytest.fixture
def make_damsm():
    """``make_damsm(drop_prob=0.)``: always the same weights, the trunk trained too."""
    def make(drop_prob=0., frozen_trunk=False):
        torch.manual_seed(5)
        return DAMSM(
            text_encoder=dict(type='DAMSMTextEncoder', vocab_size=12, embed_dim=6, out_channels=16,
                              drop_prob=drop_prob),
            image_encoder=dict(type='DAMSMImageEncoder', out_channels=16, trunk='tiny', input_size=None,
                               frozen_trunk=frozen_trunk),
            loss=dict(type='DAMSMLoss', gamma1=4.)).train()
    return make


def optimizers_of(model, optimizer, clip=None):
    """One a network; the text encoder's gradient is clipped."""
    entry = dict(optimizer=optimizer)
    return NetworkOptimWrapperConstructor(dict(
        text_encoder=dict(entry, clip_grad=clip) if clip else entry, image_encoder=entry))(model)


def test_two_adams_are_one_adam_over_both_networks(make_damsm, make_batch):
    split, joint = make_damsm(), make_damsm()
    adam = dict(lr=2e-3, betas=(.5, .999))
    optimizers = optimizers_of(split, dict(type='Adam', **adam))
    optimizer = torch.optim.Adam(joint.parameters(), **adam)
    for seed in range(3):
        split.train_step(make_batch(6, seed), optimizers)
        losses = joint(**joint.data_preprocessor(make_batch(6, seed)), mode='loss')
        optimizer.zero_grad()
        (losses['loss_words'] + losses['loss_sentence']).backward()
        optimizer.step()
    torch.testing.assert_close(dict(split.text_encoder.state_dict()), dict(joint.text_encoder.state_dict()))
    torch.testing.assert_close(dict(split.image_encoder.state_dict()), dict(joint.image_encoder.state_dict()))


def test_gradient_of_the_text_encoder_is_clipped_and_not_that_of_the_image_encoder(make_damsm, make_batch):
    models = make_damsm(), make_damsm()
    before = copy.deepcopy(models[0])
    sgd = dict(type='SGD', lr=1.)
    for model, clip in zip(models, (None, dict(max_norm=.25))):
        model.train_step(make_batch(6), optimizers_of(model, sgd, clip))

    def steps(model, name):
        pairs = zip(getattr(model, name).parameters(), getattr(before, name).parameters())
        return torch.cat([(after - old).flatten() for after, old in pairs])

    free, clipped = (steps(model, 'text_encoder') for model in models)
    assert free.norm() > 1
    assert clipped.norm().item() == pytest.approx(.25, rel=1e-4)
    torch.testing.assert_close(clipped / clipped.norm(), free / free.norm())
    assert torch.equal(*(steps(model, 'image_encoder') for model in models))


def test_both_encoders_are_in_training_mode(make_damsm, make_batch):
    model = make_damsm(drop_prob=.5, frozen_trunk=True)
    trunk = copy.deepcopy(model.image_encoder.trunk)
    batch = model.data_preprocessor(make_batch())
    sentences = [model(**batch)[1] for _ in range(2)]
    assert not torch.equal(*sentences)
    model.train_step(make_batch(), optimizers_of(model, dict(type='Adam', lr=1e-2)))
    moved = {key for key, value in trunk.state_dict().items()
             if not torch.equal(value, model.image_encoder.trunk.state_dict()[key])}
    assert moved == {key for key in trunk.state_dict() if 'running' in key or 'tracked' in key}


def test_losses_fall_on_one_batch(make_damsm, make_batch):
    model, batch = make_damsm(), make_batch(3)
    optimizers = optimizers_of(model, dict(type='Adam', lr=1e-2, betas=(.5, .999)), dict(max_norm=.25))
    first = model.train_step(batch, optimizers)
    for _ in range(25):
        last = model.train_step(batch, optimizers)
    assert last['loss_words'] < .2 * first['loss_words']
    assert last['loss_sentence'] < .2 * first['loss_sentence']
    assert last['own_caption_rate'] == 1


def test_prediction_carries_the_losses_of_the_batch(make_damsm, make_batch):
    model, batch = make_damsm().eval(), make_batch(3)
    batch['data_samples'] = [DataSample(key=str(i)) for i in range(3)]
    with torch.no_grad():
        losses = model(**model.data_preprocessor(batch), mode='loss')
        samples = model.val_step(batch)
    assert set(losses) == {'loss_words', 'loss_sentence', 'own_caption_rate'}
    assert [sample.key for sample in samples] == ['0', '1', '2']
    for name, value in losses.items():
        assert all(torch.equal(sample.get(name), value) for sample in samples)


def test_own_caption_rate_is_by_cosine():
    code = torch.tensor([[1., 0.], [0., 1.], [1., 1.]])
    assert own_caption_rate(code, 7 * code) == 1
    longest_wins_by_product = torch.tensor([[.1, 0.], [0., .1], [9., 9.]])
    assert own_caption_rate(code, longest_wins_by_product) == 1
    assert own_caption_rate(code, code.roll(1, 0)) == 0


def test_data_set_of_another_vocabulary_is_refused(make_damsm):
    with pytest.raises(DataError, match="data set 'birds': its vocabulary has 3 words, .* knows 12"):
        make_damsm().check_dataset(dict(vocabulary=['<end>', 'a', 'bird'], dataset_name='birds'))


def test_moments_are_forgotten_at_the_beginning_of_an_epoch():
    """After the hook a step is that of a new Adam with the learning rate of now."""
    def run(reset):
        weight = torch.nn.Parameter(torch.ones(2))
        adam, hook = torch.optim.Adam([weight], .1), ResetOptimizerHook(interval=3)
        runner = SimpleNamespace(iter=0, optim_wrapper=OptimWrapperDict(net=OptimWrapper(adam)))
        for runner.iter in range(4):
            before = weight.detach().clone()
            if reset:
                hook.before_train_iter(runner, runner.iter)
            adam.param_groups[0]['lr'] = .1 / (runner.iter + 1)
            weight.grad = torch.tensor([1., 100.]) if runner.iter < 3 else torch.tensor([-1., -1.])
            adam.step()
        return weight.detach() - before

    torch.testing.assert_close(run(reset=True), torch.full((2,), .1 / 4))
    assert run(reset=False).lt(0).all()
