"""SPADE's iteration against the procedure written out, alone and on two processes."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from genzoo.engine import SeparateDDP
from genzoo.models.base import rank_rows
from genzoo.models.losses import draw_patch_ids
from genzoo.models.monce import SPADEModel

SIZE, CLASSES, PATCHES, LEVELS = 32, 3, 10, (.25, .5, 1.)
RATES = dict(generator=2e-4, discriminator=1e-2)
NETWORKS = tuple(RATES)


@pytest.fixture
def make_model():
    """``make_model(**changes)``: always the same weights, none at zero."""
    def make(**changes):
        torch.manual_seed(5)
        model = SPADEModel(**dict(dict(
            generator=dict(type='SPADEGenerator', label_channels=CLASSES, base_channels=2, crop_size=SIZE),
            discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=CLASSES, base_channels=4),
            loss_gan=dict(type='GANLoss', gan_type='hinge'),
            loss_features=dict(type='DiscriminatorFeatureMatchingLoss', loss_weight=10.),
            loss_contrast=dict(
                type='MoNCEVGGLoss', num_patches=PATCHES, ot_weight=7., loss_weight=3., level_weights=LEVELS,
                features=dict(type='RandomConvFeatures', channels=(8, 8, 8), strides=(4, 2, 1)))), **changes)).train()
        for network in NETWORKS:
            for parameter in getattr(model, network).parameters():
                nn.init.normal_(parameter, std=.2)
        return model
    return make


def make_batch(size=2, seed=0):
    """What a loader would yield."""
    draws = torch.Generator().manual_seed(seed)
    return dict(data_samples=None, inputs=dict(
        label=torch.randint(CLASSES, (size, 1, SIZE, SIZE), generator=draws),
        img=torch.randint(256, (size, 3, SIZE, SIZE), dtype=torch.uint8, generator=draws)))


def make_optimizers(model):
    return OptimWrapperDict(**{name: OptimWrapper(torch.optim.SGD(getattr(model, name).parameters(), lr))
                               for name, lr in RATES.items()})


# ------------------------------------------------- the procedure of the specification's sections 4.5, 4.8 and 5
def plain_plan(similarity):
    """Hard, eps 1, 50 iterations."""
    count = len(similarity)
    kernel = similarity.masked_fill(torch.eye(count, dtype=torch.bool), -10).exp()
    u = v = torch.ones(count)
    for _ in range(50):
        u = 1 / (kernel @ v)
        v = 1 / (kernel.T @ u)
    return u[:, None] * kernel * v


def plain_contrast(q, k, weighted):
    """Of one image: (N, C) features of the generated and of the real one."""
    q, k = (x / (x.norm(dim=1, keepdim=True) + 1e-7) for x in (q, k.detach()))
    similarity, own = q @ k.T, torch.eye(len(q), dtype=torch.bool)
    positive, negatives = similarity.diagonal() / .07, similarity / .07
    if weighted:
        log_weights = (plain_plan(similarity) * 7 + 1e-8).log()
        positive, negatives = positive + log_weights.max(1).values, negatives + log_weights
    logits = torch.cat([positive[:, None], negatives.masked_fill(own, -10 / .07)], 1)
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


def plain_perceptual(model, fake, real, draws):
    maps = [list(model.loss_contrast.features(images).values()) for images in (fake, real)]
    ids = [draw_patch_ids(maps_of[0, 0].numel(), PATCHES, draws) for maps_of in maps[1]]
    total = 0
    for level, (weight, queries, keys, places) in enumerate(zip(LEVELS, *maps, ids)):
        pairs = zip(queries.flatten(2)[..., places].mT, keys.flatten(2)[..., places].mT)
        terms = [plain_contrast(q, k, level == len(LEVELS) - 1) for q, k in pairs]
        total = total + 3 * weight * sum(terms) / len(terms)
    return total


def plain_judgement(model, labels, fake, real):
    """Fake and real in one batch, the fake first: the outputs of each scale, in halves."""
    count = len(labels)
    scales = model.discriminator(torch.cat([labels, labels]), torch.cat([fake, real]))
    return [[[maps[part] for maps in scale] for scale in scales] for part in (slice(count), slice(count, None))]


def plain_step(model, optimizers, loss, name):
    model.zero_grad()
    loss.backward()
    optimizers[name].optimizer.step()


def plain_iteration(model, optimizers, batch, seed):
    labels = F.one_hot(batch['inputs']['label'][:, 0], CLASSES).permute(0, 3, 1, 2).float()
    real = batch['inputs']['img'] / 127.5 - 1
    fake = model.generator(labels)
    on_fake, on_real = plain_judgement(model, labels, fake, real)
    loss_g = sum(-scale[-1].mean() for scale in on_fake) / 2
    features = 10 / 2 * sum((mine - theirs.detach()).abs().mean() for scales in zip(on_fake, on_real)
                            for mine, theirs in zip(*(scale[:-1] for scale in scales)))
    contrast = plain_perceptual(model, fake, real, torch.Generator().manual_seed(seed))
    plain_step(model, optimizers, loss_g + features + contrast, 'generator')
    on_fake, on_real = plain_judgement(model, labels, model.generator(labels).detach(), real)
    d_fake, d_real = (sum(F.relu(1 + sign * scale[-1]).mean() for scale in scales) / 2
                      for sign, scales in ((1, on_fake), (-1, on_real)))
    plain_step(model, optimizers, d_fake + d_real, 'discriminator')
    return dict(loss_g=loss_g, loss_features=features, loss_contrast=contrast, loss_d_fake=d_fake, loss_d_real=d_real)


def states(model):
    return {name: {key: value.detach() for key, value in getattr(model, name).state_dict().items()}
            for name in NETWORKS}


def test_an_iteration_equals_the_procedure_written_out(make_model, publish_seed):
    model = make_model()
    plain = copy.deepcopy(model)
    ours, theirs = make_optimizers(model), make_optimizers(plain)
    for seed in range(2):
        publish_seed(seed)
        logs = model.train_step(make_batch(seed=seed), ours)
        expected = plain_iteration(plain, theirs, make_batch(seed=seed), seed)
        torch.testing.assert_close(logs, {key: value.detach() for key, value in expected.items()}, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(states(model), states(plain), rtol=1e-3, atol=2e-5)


def train(model, part, wrap=lambda model: model, iterations=2):
    """Networks after training on the batch's ``part``."""
    optimizers, trained, batch = make_optimizers(model), wrap(model), make_batch(4)
    data = dict(inputs={key: part(value) for key, value in batch['inputs'].items()}, data_samples=None)
    for _ in range(iterations):
        trained.train_step(data, optimizers)
    return states(model)


def with_fixed_norms(model):
    """Batch norms on the statistics of one batch: without a GPU each process would take those of its own part."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.
    model.generator(model.encode(make_batch(4)['inputs']))
    for norm in norms:
        norm.eval()
    return model


def test_two_processes_end_in_the_weights_of_one(make_model, publish_seed, on_ranks):
    publish_seed(0)
    before, alone = states(make_model()), train(with_fixed_norms(make_model()), lambda whole: whole)
    first, second = on_ranks(lambda rank: train(with_fixed_norms(make_model()), rank_rows, SeparateDDP))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-3, atol=1e-5)
    key = 'head_0.norm_0.shared.0.weight'
    assert (alone['generator'][key] - before['generator'][key]).abs().max() > 1e-4


def test_with_batch_statistics_of_their_own_two_processes_keep_the_same_weights(make_model, publish_seed, on_ranks):
    publish_seed(0)
    first, second = on_ranks(lambda rank: train(make_model(), rank_rows, SeparateDDP))
    differing = [key for name in NETWORKS for key, value in first[name].items()
                 if not torch.equal(value, second[name][key])]
    assert {key.rpartition('.')[2] for key in differing} == {'running_mean', 'running_var'}
