import copy

import torch
from torch import nn

from genzoo.models.layers import recomputed


def test_recomputing_changes_neither_gradients_nor_statistics():
    block = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 2, 1))
    twin, x = copy.deepcopy(block), torch.randn(4, 2, 6, 6)
    block(x).square().sum().backward()
    recomputed(twin, x).square().sum().backward()
    for one, two in zip(block.parameters(), twin.parameters()):
        assert torch.equal(one.grad, two.grad)
    for one, two in zip(block.buffers(), twin.buffers()):
        assert torch.equal(one, two)
    assert twin[1].momentum == block[1].momentum


def test_inner_features_are_not_kept():
    class Counting(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return (x.exp() + 1).log()

    block, x = Counting(), torch.randn(3, requires_grad=True)
    y = recomputed(block, x)
    assert block.calls == 1
    y.sum().backward()
    assert block.calls == 2
    with torch.no_grad():
        recomputed(block, x)
    assert block.calls == 3
