"""Settings for all tests: one thread, so that parallel test processes do not fight for cores."""
import os

os.environ.setdefault('OMP_NUM_THREADS', '1')

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)


def pytest_addoption(parser):
    parser.addoption('--points', type=int, default=10, help='random moments at which a training process is killed')
    parser.addoption('--kill-seed', type=int, default=0, help='which moments')
    parser.addoption('--fuzz-examples', type=int, default=15, metavar='N', help='examples of each fuzz test; '
                     'more than the default are drawn anew in each run')


def pytest_configure(config):
    examples = config.getoption('--fuzz-examples')
    chosen = examples == 15
    settings.register_profile('genzoo', max_examples=examples, derandomize=chosen, deadline=None, database=None,
                              print_blob=True, suppress_health_check=list(HealthCheck))
    settings.load_profile('genzoo')


@pytest.fixture(scope='session')
def kill_points(request) -> int:
    return request.config.getoption('--points')


@pytest.fixture(scope='session')
def kill_seed(request) -> int:
    return request.config.getoption('--kill-seed')


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path_factory):
    """No test finds what another one, or the user, has cached."""
    monkeypatch.setenv('GENZOO_CACHE_DIR', str(tmp_path_factory.mktemp('cache')))
