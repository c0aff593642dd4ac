"""Settings for all tests: one thread, so that parallel test processes do not fight for cores."""
import os

os.environ.setdefault('OMP_NUM_THREADS', '1')

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path_factory):
    """No test finds what another one, or the user, has cached."""
    monkeypatch.setenv('GENZOO_CACHE_DIR', str(tmp_path_factory.mktemp('cache')))
