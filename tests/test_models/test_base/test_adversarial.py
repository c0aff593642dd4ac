import pytest
import torch

from genzoo.models.base import adversarial, ranks
from genzoo.structures import DataSample


@pytest.fixture
def be_rank(monkeypatch):
    """``be_rank(rank, world_size)``: what the model is told about the process group."""
    def be(rank, world_size):
        monkeypatch.setattr(adversarial, 'get_world_size', lambda: world_size)
        monkeypatch.setattr(ranks, 'get_dist_info', lambda: (rank, world_size))
    return be


def test_noise_depends_on_the_seed_of_the_iteration_alone(make_model, publish_seed):
    first, second = make_model(), make_model()
    publish_seed(3)
    noise = first.draw_noise(4, 5)
    torch.manual_seed(99)
    assert torch.equal(second.draw_noise(4, 5), noise)
    publish_seed(4)
    assert not torch.equal(second.draw_noise(4, 5), noise)


def test_ranks_deal_the_noise_of_the_global_batch(make_model, publish_seed, be_rank):
    publish_seed(3)
    whole = make_model().draw_noise(6, 5)
    for rank in range(3):
        be_rank(rank, 3)
        assert torch.equal(make_model().draw_noise(2, 5), whole[rank::3])


def test_parts_of_an_iteration_have_noise_of_their_own(make_model, make_optimizers, make_batch, publish_seed,
                                                       monkeypatch):
    model, drawn = make_model(accumulation_rounds=2), []
    begin = model.begin_iteration
    monkeypatch.setattr(model, 'begin_iteration',
                        lambda **args: (drawn.append(model.draw_noise(2, 3)), begin(**args))[1])
    publish_seed(3)
    for _ in range(2):  # as if resumed: the iteration's noise comes from its seed, whatever was drawn before
        model.train_step(make_batch(4), make_optimizers(model))
    assert not torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])
    assert torch.equal(drawn[1], drawn[3])


@pytest.mark.usefixtures('no_seed')
def test_without_a_seed_noise_is_the_global_generators(make_model):
    model = make_model()
    torch.manual_seed(8)
    noise = model.draw_noise(2, 3)
    torch.manual_seed(8)
    assert torch.equal(noise, torch.randn(2, 3))


def test_predictions_do_not_repeat_the_noise_of_the_iteration(make_model, publish_seed, be_rank):
    publish_seed(3)
    be_rank(1, 4)
    model = make_model().eval()
    first = model.draw_noise(2, 3)
    assert first.shape == (2, 3)
    assert not torch.equal(model.draw_noise(2, 3), first)


def named(count, **fields):
    return [DataSample(key=f'image{number}', **fields) for number in range(count)]


def test_noise_of_a_sample_depends_neither_on_batch_nor_on_rank(make_model, be_rank):
    model = make_model().eval()
    torch.manual_seed(5)
    whole = model.sample_noise(named(4), 3)
    be_rank(1, 2)
    torch.randn(7)
    assert torch.equal(model.sample_noise(named(4)[1::2], 3), whole[1::2])


def test_each_sample_has_noise_of_its_own(make_model):
    model = make_model().eval()
    samples = [*named(3), *named(3, sample_index=1), *named(3, caption_index=1)]
    assert len(torch.unique(model.sample_noise(samples, 3), dim=0)) == 9


def test_noise_of_samples_differs_with_the_seed(make_model):
    model = make_model().eval()
    torch.manual_seed(5)
    first = model.sample_noise(named(2), 3)
    torch.manual_seed(6)
    assert not torch.equal(model.sample_noise(named(2), 3), first)


def test_samples_without_a_key_draw_as_it_comes(make_model):
    noise = make_model().eval().sample_noise([DataSample(), DataSample()], 3)
    assert not torch.equal(noise[0], noise[1])
