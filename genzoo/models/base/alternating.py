"""The skeleton of models whose networks are updated one after the other."""
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.model import BaseModel, is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS


@dataclass(frozen=True)
class Update:
    """One optimiser update within an iteration.

    Attributes:
        losses: name of the model's method that computes the losses from the state of the
            iteration; of the dict that it returns, keys that contain ``loss`` are summed,
            the others are only logged.
        optimizers: names of the optimisers that step; one backward serves them all.
            Everything that these optimisers do not own takes no gradient meanwhile.
        interval: runs in iterations 0, interval, 2 * interval, ... (lazy regularisation).
        repeats: how often in a row.
    """
    losses: str
    optimizers: tuple[str, ...]
    interval: int = 1
    repeats: int = 1


def unwrap(network: nn.Module) -> nn.Module:
    """The network itself, without its distributed wrapper."""
    return network.module if is_model_wrapper(network) else network


class AlternatingModel(BaseModel):
    """Networks with an optimiser each, and several updates an iteration.

    An iteration is :meth:`begin_iteration`, which makes what all updates share, followed by the
    :class:`Update` list in its order.

    Networks are direct children, optimisers come as an
    :class:`~mmengine.optim.OptimWrapperDict`, one a network or group of networks, and
    under distributed training each network is wrapped on its own.

    Args:
        updates: in the order in which they run.
        ema: for networks that have an averaged copy, its config, e.g.
            ``dict(generator=dict(type='ExponentialMovingAverage', momentum=0.001))``. The copy
            is the child ``<network>_ema`` and is what predictions use.
        frozen: children that are never trained and stay in eval mode.
        accumulation_rounds: splits each batch into this many parts whose gradients are averaged
            before an optimiser steps. Losses that contrast the samples of a batch, and batch
            norm, then see a part at a time. What :meth:`begin_iteration` makes is kept for all parts.
        channels_last: keeps the convolutions' weights, and so their features, in NHWC order, which
            is faster on most hardware.
        data_preprocessor: as for mmengine's ``BaseModel``.
        init_cfg: as for mmengine's ``BaseModel``.
    """

    def __init__(self,
                 updates: Sequence[Update],
                 ema: Mapping[str, dict] | None = None,
                 frozen: Sequence[str] = (),
                 accumulation_rounds: int = 1,
                 channels_last: bool = False,
                 data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None) -> None:
        preprocessor = data_preprocessor or dict(type='ZooDataPreprocessor')
        if isinstance(preprocessor, dict):  # mmengine would look for it in its own scope
            preprocessor = MODELS.build(preprocessor)
        super().__init__(preprocessor, init_cfg)
        self.updates = tuple(updates)
        self.ema_cfg = dict(ema or {})
        self.frozen = tuple(frozen)
        if accumulation_rounds < 1:
            raise ConfigError(f'model.accumulation_rounds={accumulation_rounds}: must be at least 1')
        self.accumulation_rounds = accumulation_rounds
        self.channels_last = channels_last
        self.register_buffer('iteration', torch.zeros((), dtype=torch.long))
        self._iteration: int | None = None  # the buffer's value, without asking the device

    # ------------------------------------------------------------- what a paper gives
    def begin_iteration(self, inputs: dict, data_samples: Sequence | None) -> Any:
        """What the updates of one iteration share.

        A graph that is made here takes one backward: of several updates, or repeats of one, that go
        through the same network, only the first may use it.

        Args:
            inputs: batched tensors on the model's device.
            data_samples: a list, one an item.

        Returns:
            The state that the methods named in ``updates`` receive.
        """
        return dict(inputs=inputs, data_samples=data_samples)

    def finish_networks(self) -> None:
        """Freezes what is frozen, orders memory, makes the averaged copies; call it when all networks exist."""
        for name in self.frozen:
            getattr(self, name).requires_grad_(False)
        if self.channels_last:
            self.to(memory_format=torch.channels_last)
        for name, cfg in self.ema_cfg.items():
            if not hasattr(self, name):
                raise ConfigError(f'model.ema: {type(self).__name__} has no network {name!r}')
            self.add_module(f'{name}_ema', MODELS.build(cfg, default_args=dict(model=getattr(self, name))))

    # ----------------------------------------------------------------------- training
    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """Runs all updates of one iteration.

        Args:
            data: what the loader yields: ``inputs`` and ``data_samples``.
            optim_wrapper: the optimisers, by the names that the updates use.

        Returns:
            Every loss and logged value, as scalars.

        Raises:
            ConfigError: an update needs an optimiser that there is not, or the batch does not divide.
        """
        self._require_optimizers(optim_wrapper)
        data = self.data_preprocessor(data, True)
        self._switch_gradients(optim_wrapper, tuple(optim_wrapper.keys()))
        with self._precision(next(iter(optim_wrapper.values()))):
            rounds = [self.begin_iteration(**part) for part in self._parts(data)]
        logs: dict[str, Tensor] = {}
        for update in self.updates:
            if self._current_iteration() % update.interval == 0:
                for _ in range(update.repeats):
                    logs.update(self._run_update(update, rounds, optim_wrapper))
        self._switch_gradients(optim_wrapper, tuple(optim_wrapper.keys()))
        self._update_averages()
        self._count_iteration()
        return logs

    def _require_optimizers(self, optim_wrapper: OptimWrapperDict) -> None:
        needed = {name: update.losses for update in self.updates for name in update.optimizers}
        for name in needed.keys() - optim_wrapper.keys():
            raise ConfigError(f'optim_wrapper: has no "{name}", which {type(self).__name__}.{needed[name]} needs; '
                              f'it has {", ".join(optim_wrapper.keys())}. Add optim_wrapper.{name}.')

    def _run_update(self, update: Update, rounds: Sequence, optim_wrapper: OptimWrapperDict) -> dict:
        wrappers = [optim_wrapper[name] for name in update.optimizers]
        self._switch_gradients(optim_wrapper, update.optimizers)
        for wrapper in wrappers:
            wrapper.zero_grad()
        logs: dict[str, Tensor] = {}
        for number, state in enumerate(rounds, 1):
            with self._precision(wrappers[0]), self._without_sync(number < len(rounds)):
                losses = getattr(self, update.losses)(state)
                total = sum(value for key, value in losses.items() if 'loss' in key)
            with self._without_sync(number < len(rounds)):  # outside autocast, which is for forward passes
                wrappers[0].backward(total / len(rounds))
            for key, value in losses.items():
                logs[key] = logs.get(key, 0) + value.detach() / len(rounds)
        for wrapper in wrappers:
            wrapper.step()
            wrapper.zero_grad()
        return logs

    def _precision(self, wrapper: OptimWrapper):
        """The wrapper's autocast, if it has one."""
        return wrapper.optim_context(self)

    def _without_sync(self, active: bool):
        """Keeps distributed wrappers from exchanging gradients, until the last round."""
        stack = ExitStack()
        if active:
            for network in self.children():
                stack.enter_context(network.no_sync() if hasattr(network, 'no_sync') else nullcontext())
        return stack

    @staticmethod
    def _switch_gradients(optim_wrapper: OptimWrapperDict, active: Sequence[str]) -> None:
        """Only what the active optimisers own takes gradients."""
        for name, wrapper in optim_wrapper.items():
            for group in wrapper.optimizer.param_groups:
                for parameter in group['params']:
                    parameter.requires_grad_(name in active)

    def _parts(self, data: dict) -> list[dict]:
        """The batch in ``accumulation_rounds`` parts of equal size."""
        rounds = self.accumulation_rounds
        if rounds == 1:
            return [data]
        size = len(next(iter(data['inputs'].values())))
        if size % rounds:
            raise ConfigError(f'model.accumulation_rounds: a batch of {size} does not divide into '
                              f'{rounds} equal parts')
        inputs = {key: value.chunk(rounds) for key, value in data['inputs'].items()}
        samples, step = data['data_samples'], size // rounds
        return [dict(inputs={key: chunks[i] for key, chunks in inputs.items()},
                     data_samples=samples and samples[i * step:(i + 1) * step])
                for i in range(rounds)]

    def _current_iteration(self) -> int:
        if self._iteration is None:
            self._iteration = int(self.iteration)
        return self._iteration

    def _count_iteration(self) -> None:
        self._iteration = self._current_iteration() + 1
        self.iteration.fill_(self._iteration)

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._iteration = None

    # ------------------------------------------------------------------------- helpers
    def _update_averages(self) -> None:
        for name in self.ema_cfg:
            getattr(self, f'{name}_ema').update_parameters(unwrap(getattr(self, name)))

    def network(self, name: str) -> nn.Module:
        """The network that predictions use: its averaged copy, if there is one."""
        if name in self.ema_cfg:
            return getattr(self, f'{name}_ema').module
        return unwrap(getattr(self, name))

    def keep_for_prediction(self) -> None:
        """Drops all children that predictions do without; averaged copies replace their networks.

        The model can no longer be trained or saved.
        """
        self.eval()
        kept = {name: self.network(name) for name in self.needed_for_prediction}
        for name in self._modules.keys() - kept.keys() - {'data_preprocessor'}:
            del self._modules[name]
        self._modules.update(kept)
        self.ema_cfg = {}

    def train(self, mode: bool = True) -> 'AlternatingModel':
        """Switches to training or evaluation; frozen networks and averaged copies stay in evaluation."""
        super().train(mode)
        for name in (*self.frozen, *(f'{name}_ema' for name in self.ema_cfg)):
            if hasattr(self, name):
                getattr(self, name).eval()
        return self
