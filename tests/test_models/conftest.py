"""Processes joined by gloo, and seeds as a training run publishes them."""
import itertools
import traceback

import pytest
import torch
from mmengine.logging import MessageHub
from torch import distributed, multiprocessing

_names = itertools.count()


def _run_rank(function, rank, world_size, folder):
    distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=world_size)
    try:
        result = dict(value=function(rank))
    except BaseException:
        result = dict(error=traceback.format_exc())
    torch.save(result, folder / f'{rank}.pt')
    distributed.destroy_process_group()


@pytest.fixture
def on_ranks(tmp_path):
    """``on_ranks(function, world_size=2)``: what ``function(rank)`` returns in each process of a group."""
    def run(function, world_size=2):
        context = multiprocessing.get_context('fork')  # what the test has built is there at once
        processes = [context.Process(target=_run_rank, args=(function, rank, world_size, tmp_path))
                     for rank in range(world_size)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
        results = [torch.load(tmp_path / f'{rank}.pt', weights_only=False) for rank in range(world_size)]
        for result in results:
            assert 'error' not in result, result['error']
        return [result['value'] for result in results]
    return run


@pytest.fixture
def publish_seed():
    """``publish_seed(seed)`` stands for the hook that seeds every iteration; before, there is no seed."""
    hub = MessageHub.get_instance(f'models{next(_names)}')
    yield lambda seed: hub.update_info('iteration_seed', seed)
    MessageHub.get_instance(f'models{next(_names)}')  # later tests see no seed either


@pytest.fixture
def no_seed(publish_seed):
    """Nothing has published a seed."""
