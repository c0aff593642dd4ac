"""Two processes with ``gather_batch`` do the arithmetic of one process at the global batch."""
import pytest
import torch
from torch import distributed, nn

from genzoo.engine import SeparateDDP
from genzoo.models.base import rank_rows


def with_fixed_norms(model):
    """Batch norms on their running statistics: those of a batch would be of each rank's own."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    return model


def part_of(batch):
    return dict(inputs={key: rank_rows(value) for key, value in batch['inputs'].items()}, data_samples=None)


def all_losses(model, batch):
    return with_fixed_norms(model)(**model.data_preprocessor(batch), mode='loss')


def losses_and_gradients(model, batch):
    """Losses of this process, and for each network the gradients of what it is trained on."""
    losses = all_losses(model, batch)
    of_generator = {'loss_g', 'loss_damsm'}
    parts = dict(discriminator=[losses[key] for key in losses if key not in of_generator],
                 generator=[losses[key] for key in of_generator])
    gradients = {}
    for name, terms in parts.items():
        weights = [parameter for parameter in getattr(model, name).parameters() if parameter.requires_grad]
        gradients[name] = list(torch.autograd.grad(sum(terms), weights, retain_graph=True))
    return {key: value.detach() for key, value in losses.items()}, gradients


def mean_over_ranks(value):
    value = value.clone()
    distributed.all_reduce(value)
    return value / distributed.get_world_size()


@pytest.fixture
def batch(make_batch):
    """Lengths 3, 2, 3, 1, 2, 2: the last of the sorted batch and ties lie on different ranks."""
    batch = make_batch(6)
    batch['inputs']['caption_length'] = torch.tensor([3, 2, 3, 1, 2, 2])
    return batch


@pytest.mark.parametrize('sort_batch', [True, False])
def test_losses_and_gradients_are_those_of_the_global_batch(make_ssagan, batch, publish_seed, on_ranks,
                                                            sort_batch):
    publish_seed(3)
    losses, gradients = losses_and_gradients(make_ssagan(sort_batch=sort_batch), batch)

    def run(rank):
        model = make_ssagan(sort_batch=sort_batch, gather_batch=True)
        mine, grads = losses_and_gradients(model, part_of(batch))
        averaged = {name: [mean_over_ranks(grad) for grad in parts] for name, parts in grads.items()}
        return mine, {key: mean_over_ranks(value) for key, value in mine.items()}, averaged

    for mine, averaged_losses, averaged in on_ranks(run):
        torch.testing.assert_close(averaged_losses, losses, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(mine['loss_damsm'], losses['loss_damsm'], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(averaged, gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('recipe', [
    pytest.param({}, id='frozen'), pytest.param(dict(loss_encoders=dict(type='DAMSMLoss')), id='finetune')])
def test_iterations_end_in_the_weights_of_the_global_batch(make_ssagan, make_optimizers, batch, publish_seed,
                                                           on_ranks, recipe):
    def train(model, data, wrap=lambda model: model):
        optimizers, trained = make_optimizers(model, lr=.005), wrap(with_fixed_norms(model))
        for seed in range(2):
            publish_seed(seed)
            trained.train_step(data, optimizers)
        return {key: value.detach() for key, value in model.state_dict().items()}

    alone = train(make_ssagan(**recipe), batch)

    def run(rank):
        return train(make_ssagan(gather_batch=True, **recipe), part_of(batch), SeparateDDP)

    for state in on_ranks(run):
        torch.testing.assert_close(state, alone, rtol=1e-4, atol=1e-6)


def test_one_sample_a_rank_is_enough(make_ssagan, make_batch, publish_seed, on_ranks):
    publish_seed(3)
    expected = all_losses(make_ssagan(), make_batch(2))

    def run(rank):
        losses = all_losses(make_ssagan(gather_batch=True), part_of(make_batch(2)))
        return {key: mean_over_ranks(value.detach()) for key, value in losses.items()}

    for losses in on_ranks(run):
        torch.testing.assert_close(losses, {key: value.detach() for key, value in expected.items()},
                                   rtol=1e-5, atol=1e-6)


def test_without_gathering_a_rank_contrasts_its_own_batch(make_ssagan, batch, publish_seed, on_ranks):
    publish_seed(3)

    def run(rank):
        return {key: value.detach() for key, value in all_losses(make_ssagan(), part_of(batch)).items()}

    first, second = on_ranks(run)
    assert not torch.isclose(first['loss_damsm'], second['loss_damsm'])
