"""Two processes that accumulate gradients do the arithmetic of one process."""
import pytest
import torch

from genzoo.engine import SeparateDDP
from genzoo.models.base import Update, rank_rows

JOINT = [Update('discriminator_losses', ('discriminator',)), Update('joint_losses', ('generator', 'discriminator'))]


def trained(model, optimizers, batches, wrap=lambda model: model):
    wrapped = wrap(model)
    for batch in batches:
        wrapped.train_step(batch, optimizers)
    return {key: value.detach() for key, value in model.state_dict().items()}


def part_of(batch):
    return dict(inputs={key: rank_rows(value) for key, value in batch['inputs'].items()}, data_samples=None)


@pytest.mark.parametrize('updates', [None, JOINT], ids=['alternating', 'joint'])
@pytest.mark.parametrize('rounds', [1, 2])
def test_processes_and_rounds_end_in_the_weights_of_the_whole_batch(make_model, make_optimizers, make_batch, on_ranks,
                                                                    rounds, updates):
    batches = [make_batch(8, seed) for seed in range(3)]
    alone = make_model(frozen=['judge'], updates=updates)
    expected = trained(alone, make_optimizers(alone), batches)

    def run(rank):
        model = make_model(frozen=['judge'], updates=updates, accumulation_rounds=rounds)
        return trained(model, make_optimizers(model), [part_of(batch) for batch in batches], SeparateDDP)

    for state in on_ranks(run):
        torch.testing.assert_close(state, expected, rtol=1e-4, atol=1e-6)
