"""What is timed: a training step and a prediction, built as training and inference build them."""
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import MessageHub
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from torch.utils.flop_counter import FlopCounterMode

from ...engine.optim.autocast import PRECISIONS
from ...errors import ConfigError
from ...registry import MODELS
from ..model import without_weight_files
from ..precision import use_autocast

Step = Callable[[], Any]
BatchOf = Callable[[BaseModel], dict]
"""From a model on its device to the batch that its loader would yield."""

UNSUPPORTED = ('compile', 'activation_checkpointing', 'efficient_conv_bn_eval', 'strategy')
FIRST_SEED = 2**31


def require_supported(cfg: Mapping, source: str) -> None:
    """
    Raises:
        ConfigError: the config changes the training step in a way that is not built here.
    """
    asked = [key for key in UNSUPPORTED if cfg.get(key)]
    if asked:
        raise ConfigError(f'{source}: {", ".join(asked)}: the benchmark does not build this. Set '
                          f'{asked[0]}=None with --cfg-options.')


def build_model(cfg: Config, device: torch.device) -> BaseModel:
    """The model of a config with random weights, for one process; files of weights are not needed."""
    model = MODELS.build(ConfigDict(without_weight_files(cfg.model)))
    return revert_sync_batchnorm(model).to(device)


def own_precisions(cfg: Config) -> list[str]:
    """The precisions of autocast that the optimisers of a config ask for."""
    entries = [cfg.get('optim_wrapper'), *(cfg.get('optim_wrapper') or {}).values()]
    return sorted({entry['precision'] for entry in entries if isinstance(entry, Mapping) and 'precision' in entry})


@contextmanager
def _cudnn_benchmark(active: bool) -> Iterator[None]:
    """Lets cuDNN try its algorithms, or not, as ``env_cfg`` says."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = active
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


@contextmanager
def _published(**values) -> Iterator[None]:
    """Tells the model what the Runner would; nothing is left of it afterwards."""
    info = MessageHub.get_current_instance().runtime_info
    before = {key: info[key] for key in values if key in info}
    info.update(values)
    try:
        yield
    finally:
        for key in values:
            info.pop(key)
        info.update(before)


def training_step(cfg: Config, batch_of: BatchOf, device: torch.device, amp: str | None = None) -> Step:
    """One iteration of training: forwards, backwards and steps of all optimisers.

    Without what hooks do: schedules, logging, checkpoints.

    Args:
        cfg: with ``model`` and ``optim_wrapper``.
        batch_of: see :data:`BatchOf`; every iteration gets this batch.
        device: where.
        amp: precision of autocast, see :func:`~genzoo.apis.precision.use_autocast`.
    """
    model = build_model(cfg, device).train()
    optimizers = ConfigDict(cfg.optim_wrapper.to_dict())
    if amp:
        use_autocast(optimizers, amp)
    optim_wrapper = build_optim_wrapper(model, optimizers)
    optim_wrapper.initialize_count_status(model, 0, 10**9)
    batch, iteration = batch_of(model), 0
    try_algorithms = bool((cfg.get('env_cfg') or {}).get('cudnn_benchmark'))

    def step() -> None:
        nonlocal iteration
        with _published(iter=iteration, iteration_seed=FIRST_SEED + iteration), _cudnn_benchmark(try_algorithms):
            model.train_step(batch, optim_wrapper)
        iteration += 1

    return step


def inference_step(cfg: Config, batch_of: BatchOf, device: torch.device, amp: str | None = None,
                   compile: bool = False) -> Step:
    """One prediction, as inference makes it: the model prepared for it, if it has ``prepare_inference``.

    Args:
        cfg: with ``model``.
        batch_of: see :data:`BatchOf`.
        device: where.
        amp: runs under autocast of this precision.
        compile: with :func:`torch.compile`.

    Raises:
        ConfigError: the model cannot be compiled.
    """
    model = build_model(cfg, device).eval()
    batch = batch_of(model)
    if hasattr(model, 'prepare_inference'):
        model.prepare_inference(compile)
    elif compile:
        raise ConfigError(f'--compile: {type(model).__name__} has no prepare_inference, which would compile it. '
                          'Leave --compile out.')

    @torch.no_grad()
    def step() -> None:
        with torch.autocast(device.type, PRECISIONS[amp]) if amp else nullcontext():
            model.val_step(batch)

    return step


class _NoModules:
    """In the place of the counter's record of modules, whose hooks refuse gradient penalties."""

    parents = ('Global',)

    def __enter__(self) -> None:
        """Nothing is hooked."""

    def __exit__(self, *error) -> None:
        """Nothing is unhooked."""


def count_flops(step: Step) -> int:
    """Floating point operations of one call, as :mod:`torch.utils.flop_counter` counts them.

    These are matrix products, convolutions, attention, and their backwards, of any order, a multiplication
    and an addition being two; not recurrent networks in fused kernels, normalisations, activations,
    resizing and optimisers.
    """
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoModules()
    with counter:
        step()
    return counter.get_total_flops()
