"""The unpaired objective: a published case of which one array is no derivative of the others.

Images, losses and the gradient norms of discriminator and patch sampler agree. The generator's norms differ by up to
3 %. Central differences of the very losses that the case states say what genzoo computes, at weights behind which no
key lies, so that no choice of what is detached explains the case. What does: PyTorch's instance norm returns a wrong
gradient on CPUs for one image whose gradient arrives in permuted order, as the released sampler sends it.
"""
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from .test_golden import _module, goldfill

CASE = Path(__file__).parents[1] / 'data' / 'golden_disputed' / 'monce' / 'cut_objective'
DISPUTED = 'grad_norms_G'
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def case():
    return goldfill.load_case(CASE)


@pytest.fixture(scope='module')
def results(case):
    return _module('monce').cut_objective(case)


def test_all_else_agrees_with_the_published_numbers(case, results):
    outputs = {name: value for name, value in case['outputs'].items() if name != DISPUTED}
    assert len(outputs) == len(case['outputs']) - 1
    agreed = {name: value for name, value in results.items() if name != DISPUTED}
    wrong = goldfill.compare(dict(case, outputs=outputs), agreed)
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('name', ['model.30.bias', 'model.26.weight'])
def test_the_generators_gradient_is_the_derivative_of_the_losses(case, name, monkeypatch):
    monkeypatch.setattr(torch.Tensor, 'float', lambda tensor: tensor)  # the contrast, too, in float64
    model, inputs, ids = _module('monce')._cut(case)
    inputs = {key: value.double() for key, value in inputs.items()}
    weight = model.double().generator.get_parameter(name)

    def total():
        state = model.begin_iteration(inputs, None)
        return model.loss_gan(model.discriminator(state['fake_b'])) + sum(model.contrast(state, ids).values())

    gradient, = torch.autograd.grad(total(), weight)
    with torch.no_grad():
        step = 1e-6 * gradient / gradient.norm()
        weight.add_(step)
        above = total()
        weight.sub_(2 * step)
        slope = (above - total()).item() / 2e-6
    assert slope == pytest.approx(gradient.norm().item(), rel=1e-4)
    published = case['expected'][DISPUTED][[key for key, _ in model.generator.named_parameters()].index(name)]
    assert published != pytest.approx(gradient.norm().item(), rel=3e-3)


def instance_norm_errs() -> bool:
    """Does this PyTorch's instance norm return a wrong gradient for one image in permuted order?"""
    x, upstream = torch.randn(2, 1, 8, 12, 12, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    permuted = upstream.contiguous(memory_format=torch.channels_last)
    plain, other = (torch.autograd.grad(nn.InstanceNorm2d(8)(x), x, grad)[0] for grad in (upstream, permuted))
    return not torch.allclose(plain, other, rtol=1e-3)


def as_released(model, features, places):
    """Samples of one image as the release takes them, whose gradient comes back in permuted order."""
    return [nn.functional.normalize(head(maps.permute(0, 2, 3, 1).flatten(1, 2)[:, ids].flatten(0, 1)), eps=0)[None]
            for head, maps, ids in zip(model.patch_sampler.heads, features, places)]


def released_gradient_norms(case):
    """Of the generator's weights, each image encoded alone, with PyTorch's own instance norm."""
    model, inputs, ids = _module('monce')._cut(case)
    for block in model.generator.modules():
        for name, child in block.named_children():
            if isinstance(child, nn.InstanceNorm2d):
                setattr(block, name, nn.InstanceNorm2d(child.num_features))
    state = model.begin_iteration(inputs, None)
    loss = model.loss_gan(model.discriminator(state['fake_b']))
    for number, image in enumerate(state['translated'].split(1)):
        places = [layer[number] for layer in ids]
        with torch.no_grad():
            keys = as_released(model, [maps[number:number + 1] for maps in state['keys']], places)
        queries = as_released(model, model._encode(image), places)
        loss = loss + 0.5 * sum(model.loss_contrast(q, k).mean() for q, k in zip(queries, keys)) / len(keys)
    grads = torch.autograd.grad(loss, list(model.generator.parameters()))
    return np.array([grad.norm().item() for grad in grads])


def test_the_published_norms_are_those_of_an_instance_norm_that_errs(case, results):
    found, published = released_gradient_norms(case), case['expected'][DISPUTED]
    counts = published > 1e-4 * published.max()  # biases before a norm have no gradient but rounding
    expected = published if instance_norm_errs() else results[DISPUTED]
    assert found[counts] == pytest.approx(np.asarray(expected)[counts], rel=1e-4)
