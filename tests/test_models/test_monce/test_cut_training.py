"""CUT's iteration against the procedure written out, alone and on two processes."""
import copy

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch.nn.functional import mse_loss

from genzoo.engine import AutocastOptimWrapper, SeparateDDP
from genzoo.errors import ConfigError
from genzoo.models.base import rank_rows
from genzoo.models.losses import draw_patch_ids, gather_patches, l2_normalize
from genzoo.models.monce import CUT

SIZE, PATCHES, LAYERS = 16, 40, (0, 4, 8, 12)  # 484, 256, 64 and 16 places: only three layers have 40
NETWORKS = ('generator', 'discriminator', 'patch_sampler')
RECIPES = dict(
    cut={}, fastcut=dict(nce_idt=False, flip_equivariance=True), flipped_identity=dict(flip_equivariance=True),
    patchnce=dict(loss_contrast=dict(type='PatchNCELoss')),
    batch_negatives=dict(loss_contrast=dict(type='MoNCELoss', num_patches=PATCHES, all_negatives=True)),
    weightnce=dict(loss_contrast=dict(type='MoNCELoss', num_patches=PATCHES, modulation='weight')))


@pytest.fixture
def make_model():
    """``make_model(**changes)``: always the same weights, none at zero."""
    def make(**changes):
        torch.manual_seed(5)
        settings = dict(
            generator=dict(type='CUTResnetGenerator', base_channels=4, num_blocks=2),
            discriminator=dict(type='CUTPatchDiscriminator', base_channels=4, num_layers=1),
            patch_sampler=dict(type='PatchSampler', nc=8), loss_gan=dict(type='GANLoss', gan_type='lsgan'),
            loss_contrast=dict(type='MoNCELoss', num_patches=PATCHES, eps=.5, loss_weight=2.),
            nce_layers=LAYERS, num_patches=PATCHES)
        model = CUT(**dict(settings, **changes)).train()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=.2)
        return model
    return make


@pytest.fixture
def make_batch():
    """``make_batch(size=2, seed=0)``: what a loader would yield."""
    def make(size=2, seed=0):
        generator = torch.Generator().manual_seed(seed)
        images = torch.randint(0, 256, (2, size, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)
        return dict(inputs=dict(img_a=images[0], img_b=images[1]), data_samples=None)
    return make


def make_optimizers(model, lr=.01, kind=OptimWrapper):
    return OptimWrapperDict(**{name: kind(torch.optim.SGD(getattr(model, name).parameters(), lr)) for name in NETWORKS})


# ------------------------------------------------- the procedure of the specification's sections 4.7 and 5
def plain_samples(model, features, ids):
    samples = []
    for head, maps, places in zip(model.patch_sampler.heads, features, ids):
        samples.append(l2_normalize(head(gather_patches(maps, places))))
    return samples


def plain_contrast(model, source, translation, flipped, ids):
    """Mean over the layers of lambda times the mean over the queries; each layer its own plan."""
    net = model.generator
    keys = plain_samples(model, net(source, LAYERS, encode_only=True), ids)
    queries = [maps.flip(-1) if flipped else maps for maps in net(translation, LAYERS, encode_only=True)]
    terms = [model.loss_contrast(q, k.detach()).mean() for q, k in zip(plain_samples(model, queries, ids), keys)]
    return sum(terms) / len(terms)


def plain_step(model, optimizer, loss, *names):
    model.zero_grad()
    loss.backward()
    for name in names:
        optimizer[name].optimizer.step()


def plain_iteration(model, optimizers, batch, seed):
    """Nothing shared but the pass that makes translations and identities."""
    real_a, real_b = (batch['inputs'][name] / 127.5 - 1 for name in ('img_a', 'img_b'))
    draws = torch.Generator().manual_seed(seed)
    flipped = model.flip_equivariance and bool(torch.rand((), generator=draws) < .5)
    sources = [real_a, real_b] if model.nce_idt else [real_a]
    outputs = [model.generator(source.flip(-1) if flipped else source) for source in sources]
    judge = model.discriminator
    fake, real = judge(outputs[0].detach()), judge(real_b)
    loss_d = .5 * (mse_loss(fake, torch.zeros_like(fake)) + mse_loss(real, torch.ones_like(real)))
    plain_step(model, optimizers, loss_d, 'discriminator')
    judged = judge(outputs[0])
    places = (22 * 22, 16 * 16, 8 * 8, 4 * 4)
    contrasts = [plain_contrast(model, source, output, flipped, [draw_patch_ids(n, PATCHES, draws) for n in places])
                 for source, output in zip(sources, outputs)]
    loss_g = mse_loss(judged, torch.ones_like(judged))
    plain_step(model, optimizers, loss_g + sum(contrasts) / len(contrasts), 'generator', 'patch_sampler')
    return loss_d.detach(), loss_g.detach(), contrasts[0].detach() / len(contrasts)


def close_networks(model, other, **tolerance):
    for name in NETWORKS:
        torch.testing.assert_close(dict(getattr(model, name).state_dict()), dict(getattr(other, name).state_dict()),
                                   **tolerance)


@pytest.mark.parametrize('recipe', RECIPES)
def test_an_iteration_equals_the_procedure_written_out(make_model, make_batch, publish_seed, recipe):
    model = make_model(**RECIPES[recipe])
    plain = copy.deepcopy(model)
    ours, theirs = make_optimizers(model), make_optimizers(plain)
    flips = set()
    for seed in range(3):
        publish_seed(seed)
        flips.add(bool(torch.rand((), generator=torch.Generator().manual_seed(seed)) < .5))
        logs = model.train_step(make_batch(seed=seed), ours)
        expected = plain_iteration(plain, theirs, make_batch(seed=seed), seed)
    assert flips == {True, False}
    torch.testing.assert_close((logs['loss_d'], logs['loss_g'], logs['loss_nce']), expected, rtol=1e-4, atol=1e-5)
    close_networks(model, plain, rtol=1e-3, atol=2e-5)


def test_each_network_steps_once_and_the_discriminator_first(make_model, make_batch):
    model, steps = make_model(), []
    optimizers = make_optimizers(model)
    for name, wrapper in optimizers.items():
        wrapper.optimizer.register_step_post_hook(lambda *_, name=name: steps.append(name))
    model.train_step(make_batch(), optimizers)
    assert steps == ['discriminator', 'generator', 'patch_sampler']


def test_the_generator_runs_once_and_encodes_once(make_model, make_batch):
    model, batches = make_model(), []
    model.generator.model[4].register_forward_hook(lambda _, inputs, __: batches.append(len(inputs[0])))
    model.train_step(make_batch(2), make_optimizers(model))
    assert batches == [4, 4]


def test_layers_of_equal_size_and_both_domains_share_one_plan(make_model, make_batch, monkeypatch):
    model, shapes = make_model(), []
    weights = model.loss_contrast.log_weights
    monkeypatch.setattr(model.loss_contrast, 'log_weights', lambda similarity: shapes.append(
        tuple(similarity.shape)) or weights(similarity))
    model.train_step(make_batch(2), make_optimizers(model))
    assert shapes == [(12, 40, 40), (4, 16, 16)]


@pytest.mark.parametrize('recipe', ['cut', 'fastcut'])
def test_two_processes_end_in_the_weights_of_one(make_model, make_batch, publish_seed, on_ranks, recipe):
    def train(model, data, wrap=lambda model: model):
        optimizers, trained = make_optimizers(model), wrap(model)
        for seed in range(2):
            publish_seed(seed)
            trained.train_step(data, optimizers)
        return {key: value.detach() for key, value in model.state_dict().items()}

    batch = make_batch(4)
    alone = train(make_model(**RECIPES[recipe]), batch)

    def run(rank):
        mine = {key: rank_rows(value) for key, value in batch['inputs'].items()}
        return train(make_model(**RECIPES[recipe]), dict(inputs=mine, data_samples=None), SeparateDDP)

    first, second = on_ranks(run)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-3, atol=1e-5)


def test_a_batch_in_parts_ends_in_nearly_the_same_weights(make_model, make_batch, publish_seed):
    """Not in the same ones: each part draws its own patches."""
    ends = []
    for rounds in (1, 2):
        publish_seed(0)
        model = make_model(accumulation_rounds=rounds)
        before = copy.deepcopy(model.generator.model[-2].weight)
        model.train_step(make_batch(4), make_optimizers(model, lr=1e-3))
        ends.append(model.generator.model[-2].weight - before)
    assert torch.cosine_similarity(*(end.flatten() for end in ends), dim=0) > .9


def test_entropies_of_the_weights_are_logged_now_and_then_and_are_no_losses(make_model, make_batch, publish_seed):
    ends, logged = [], []
    for interval in (0, 2):
        publish_seed(0)
        model = make_model(entropy_interval=interval)
        optimizers = make_optimizers(model)
        logs = [model.train_step(make_batch(seed=number), optimizers) for number in range(3)]
        logged.append([{name for name in step if name.startswith('entropy')} for step in logs])
        ends.append(model.generator.state_dict())
    names = {f'entropy_{layer}' for layer in LAYERS}
    assert logged == [[set()] * 3, [names, set(), names]]
    assert all(0 < logs[-1][name] <= 1 for name in names)
    torch.testing.assert_close(*ends, rtol=0, atol=0)


def test_entropies_of_a_loss_without_weights_are_refused(make_model):
    with pytest.raises(ConfigError, match='entropy_interval=5: only MoNCELoss has weights'):
        make_model(entropy_interval=5, loss_contrast=dict(type='PatchNCELoss'))


def test_mixed_precision_trains_with_nearly_the_same_losses(make_model, make_batch, publish_seed):
    logs = []
    for kind in (OptimWrapper, AutocastOptimWrapper):
        publish_seed(0)
        model = make_model()
        optimizers = make_optimizers(model, kind=kind)
        logs.append([model.train_step(make_batch(seed=number), optimizers) for number in range(2)][-1])
    torch.testing.assert_close(*logs, rtol=.1, atol=.05)
