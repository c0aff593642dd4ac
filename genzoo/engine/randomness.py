"""Python's, NumPy's and PyTorch's global generators, seeded together."""
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derived_seed(seed: int, *path: int) -> int:
    """A seed below 2^63 for each path, unrelated to those of other paths and seeds.

    Args:
        seed: of the run.
        path: non-negative numbers, e.g. iteration and rank.
    """
    words = np.random.SeedSequence(seed, spawn_key=path).generate_state(2, np.uint32)
    return (int(words[0]) << 31) ^ int(words[1])


def seed_generators(seed: int) -> None:
    """Seeds all global generators, those of every GPU included."""
    random.seed(seed)
    np.random.seed(np.random.SeedSequence(seed).generate_state(4))
    torch.manual_seed(seed)


@contextmanager
def isolated_generators(seed: int) -> Iterator[None]:
    """Inside, the global generators start from ``seed``; afterwards they are as before."""
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        seed_generators(seed)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
