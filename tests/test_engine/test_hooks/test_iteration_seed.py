import random

import numpy as np
import torch

from genzoo.engine import IterationSeedHook
from genzoo.engine.randomness import derived_seed, isolated_generators, seed_generators

from ..tiny_gan import build, resumed, tiny_config, train


def draw() -> tuple:
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_seeds_of_ranks_and_iterations_differ():
    seeds = {derived_seed(seed, iteration, rank)
             for seed in (0, 1) for iteration in range(50) for rank in range(3)}
    assert len(seeds) == 300
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_all_generators_repeat():
    seed_generators(2**62 + 5)
    first = draw()
    seed_generators(2**62 + 5)
    assert draw() == first


def test_isolated_draws_leave_no_trace():
    seed_generators(1)
    expected = (draw(), draw())
    seed_generators(1)
    first = draw()
    with isolated_generators(7):
        draw()
    assert (first, draw()) == expected


def test_shared_seed_of_the_iteration_is_published(tmp_path):
    runner = train(tiny_config(tmp_path, 3))
    assert runner.message_hub.get_info('iteration_seed') == derived_seed(100, 2, 0)


def test_changed_batch_on_resuming_is_logged(tmp_path):
    train(tiny_config(tmp_path, 2))
    runner = train(resumed(tiny_config(tmp_path, 3, batch_size=6)))
    log = next((tmp_path / runner.timestamp).glob('*.log')).read_text()
    assert 'batches of 1 x 4 = 4 (processes x batch size), this one has 1 x 6 = 6' in log


def test_changed_processes_with_the_same_global_batch_are_explained():
    assert 'order of the data goes on' in IterationSeedHook._change((2, 4), (1, 8))


def test_the_spread_over_processes_is_kept_in_the_checkpoint(tmp_path):
    train(tiny_config(tmp_path, 1))
    meta = torch.load(tmp_path / 'iter_1.pth', weights_only=True)['meta']
    assert (meta['processes'], meta['batch_size']) == (1, 4)


def test_hook_runs_before_all_others(tmp_path):
    assert isinstance(build(tiny_config(tmp_path)).hooks[0], IterationSeedHook)
