import pytest
import torch

from genzoo.errors import DataError
from genzoo.models.layers import BlurDownsample
from genzoo.models.monce import CUTPatchDiscriminator


def test_it_has_the_published_number_of_parameters_and_keys():
    with torch.device('meta'):
        net = CUTPatchDiscriminator()
    assert sum(parameter.numel() for parameter in net.parameters()) == 2_764_737
    assert {name for name, _ in net.named_parameters()} == {
        f'model.{index}.{kind}' for index in (0, 3, 7, 11, 14) for kind in ('weight', 'bias')}


@pytest.mark.parametrize(('side', 'logits'), [(256, 30), (64, 6)])
def test_logits_are_as_many_as_the_specification_says(side, logits):
    with torch.device('meta'):
        assert CUTPatchDiscriminator()(torch.empty(1, 3, side, side)).shape == (1, 1, logits, logits)


@pytest.mark.parametrize('num_layers', [1, 2, 5])
@pytest.mark.parametrize('antialias', [True, False])
def test_each_layer_halves_the_size(num_layers, antialias):
    net = CUTPatchDiscriminator(base_channels=2, num_layers=num_layers, antialias=antialias)
    assert sum(isinstance(layer, BlurDownsample) for layer in net.model) == num_layers * antialias
    coarse = net(torch.rand(1, 3, 256, 256)).shape[-1]
    assert coarse == pytest.approx(256 / 2**num_layers, abs=3)


def test_widths_double_up_to_eight_times_the_first():
    net = CUTPatchDiscriminator(base_channels=2, num_layers=5)
    assert [layer.out_channels for layer in net.model if isinstance(layer, torch.nn.Conv2d)] == [
        2, 4, 8, 16, 16, 16, 1]


def test_biases_before_batch_norm_are_left_out_except_the_first():
    names = {name for name, _ in CUTPatchDiscriminator(base_channels=2, norm='batch').named_parameters()}
    assert {'model.0.bias', 'model.14.bias'} <= names
    assert not {'model.3.bias', 'model.7.bias', 'model.11.bias'} & names


@pytest.mark.parametrize('antialias', [True, False])
@pytest.mark.parametrize('num_layers', [1, 3])
def test_images_too_small_for_its_norms_are_refused_and_no_larger_ones(num_layers, antialias):
    net, side = CUTPatchDiscriminator(base_channels=2, num_layers=num_layers, antialias=antialias), 3 * 2**num_layers
    assert net(torch.rand(1, 3, side, side)).shape == (1, 1, 1, 1)
    with pytest.raises(DataError, match=rf'{side} x {side - 1} pixels: the discriminator takes no less than {side} x'):
        net(torch.rand(1, 3, side - 1, side))
