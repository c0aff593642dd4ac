import sys
from pathlib import Path

import pytest
import torch

from genzoo.apis.benchmark import machine

CPU = torch.device('cpu')


def test_best_size_gives_the_rate(monkeypatch):
    speeds = {64: 2e9, 128: 5e9, 256: 4e9}
    monkeypatch.setattr(machine, '_matmul_rate', lambda size, *_: speeds[size])
    assert machine.matmul_rates(CPU, ['float32'], (64, 128, 256)) == dict(float32=dict(rate=5e9, size=128))


def test_products_that_would_take_long_are_left_out(monkeypatch):
    asked = []
    monkeypatch.setattr(machine, '_matmul_rate', lambda size, *_: asked.append(size) or 1e6)
    assert machine.matmul_rates(CPU, ['bf16'], (64, 1024))['bf16']['size'] == 64
    assert asked == [64]


@pytest.mark.parametrize('precision', ['float32', 'bf16'])
def test_every_precision_of_a_cpu_is_measured(precision):
    rates = machine.matmul_rates(CPU, [precision], (8,), seconds=1e-4)
    assert rates[precision]['rate'] > 0


def test_settings_of_pytorch_are_left_as_they_were():
    before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    with machine.cpu_threads(2), machine._float32_by('tf32'):
        assert torch.get_num_threads() == 2
        assert torch.get_float32_matmul_precision() == 'high'
    assert (torch.get_float32_matmul_precision(), torch.get_num_threads()) == before


def test_tf32_is_for_gpus_that_may_use_it(monkeypatch):
    assert machine.float32_precisions(CPU) == ['float32']
    for allowed, names in ((True, ['float32', 'tf32']), (False, ['float32'])):
        monkeypatch.setattr(torch.backends.cudnn, 'allow_tf32', allowed)
        assert machine.float32_precisions(torch.device('cuda')) == names


def resident():
    """Bytes of this process that are in memory now, as Linux counts them."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith('VmRSS'))


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells')
def test_peak_memory_sees_what_is_gone_again():
    memory, size = machine.PeakMemory(CPU), 256 * 2**20
    torch.ones(size, dtype=torch.uint8)
    # Linux counts in batches, and what ran before may give memory back meanwhile: not to the byte.
    assert memory.peak() - resident() > size // 2
    assert 'resident memory of the process' in memory.kind
