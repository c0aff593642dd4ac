import itertools

import pytest
import torch

from genzoo.models.layers import InstanceNorm2d

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def gradient(norm, x, upstream):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(norm(x), x, upstream)[0]


@pytest.mark.parametrize('images', [1, 2])
@pytest.mark.parametrize(('of_input', 'of_gradient'), itertools.product(LAYOUTS, LAYOUTS))
def test_the_gradient_is_right_in_every_layout(images, of_input, of_gradient):
    rng = torch.Generator().manual_seed(0)
    x, upstream = torch.randn(2, images, 16, 12, 12, generator=rng)
    wide = x.double()
    centred = (wide - wide.mean((2, 3), keepdim=True)).requires_grad_()
    scale = (centred.square().mean((2, 3), keepdim=True) + 1e-5).rsqrt()
    inner, = torch.autograd.grad(centred * scale, centred, upstream.double())
    expected = inner - inner.mean((2, 3), keepdim=True)
    found = gradient(InstanceNorm2d(16), x.contiguous(memory_format=of_input),
                     upstream.contiguous(memory_format=of_gradient))
    assert torch.allclose(found.double(), expected, atol=1e-5)


def test_numbers_are_pytorchs():
    x = torch.randn(1, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(InstanceNorm2d(8)(x), torch.nn.InstanceNorm2d(8)(x))


def test_a_second_derivative_passes():
    x = torch.randn(1, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    assert torch.autograd.gradgradcheck(InstanceNorm2d(2), x)
