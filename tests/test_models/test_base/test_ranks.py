import torch

from genzoo.models.base import gather_rows, rank_rows

GLOBAL = torch.arange(12.).view(6, 2)


def test_one_process_keeps_its_rows():
    rows = torch.ones(3, 2, requires_grad=True)
    assert gather_rows(rows) is rows
    assert torch.equal(rank_rows(GLOBAL), GLOBAL)


def test_rows_come_back_in_the_order_of_the_global_batch(on_ranks):
    there_and_back = [GLOBAL, GLOBAL.long()]
    for gathered in on_ranks(lambda rank: [gather_rows(rank_rows(rows)) for rows in there_and_back]):
        assert torch.equal(gathered[0], GLOBAL)
        assert torch.equal(gathered[1], GLOBAL.long())


def test_gradient_reaches_the_rows_of_this_rank_alone(on_ranks):
    def gradient(rank):
        local = rank_rows(GLOBAL).clone().requires_grad_()
        (gather_rows(local) * GLOBAL).sum().backward()
        return local.grad

    for rank, grad in enumerate(on_ranks(gradient)):
        assert torch.equal(grad, GLOBAL[rank::2])
