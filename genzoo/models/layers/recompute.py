"""Trading time for memory: blocks whose inner features are computed again in the backward pass."""
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


@contextmanager
def keep_running_statistics(module: nn.Module) -> Iterator[None]:
    """Batch norms inside normalise as before but do not count the batch once more."""
    norms = [norm for norm in module.modules() if isinstance(norm, _BatchNorm)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:  # a share of zero; what autograd saves stays the same
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, counter) in zip(norms, kept):
            norm.momentum, norm.num_batches_tracked = momentum, counter


def recomputed(block: nn.Module, *args: Any) -> Any:
    """``block(*args)``, keeping for the backward pass only what goes in.

    The numbers are those of a plain call. Without gradients, a plain call.

    Args:
        block: deterministic but for batch norm.
        args: its arguments.
    """
    if not torch.is_grad_enabled():
        return block(*args)
    return checkpoint(block, *args, use_reentrant=False, preserve_rng_state=False,
                      context_fn=lambda: (nullcontext(), keep_running_statistics(block)))
