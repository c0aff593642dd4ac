"""A model sharded over processes with PyTorch's FSDP, on GPUs and, to try a config, on CPUs."""
from collections.abc import Mapping
from typing import Any

import torch
from mmengine._strategy import FSDPStrategy
from mmengine.device import get_device
from mmengine.dist import all_gather_object
from mmengine.model.wrappers import MMFullyShardedDataParallel
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.optim import Optimizer

from ..registry import MODEL_WRAPPERS, STRATEGIES
from ..utils.checkpoint import state_problems
from .distributed import mean_over_ranks


@MODEL_WRAPPERS.register_module()
class MeanLogFSDP(MMFullyShardedDataParallel):
    """mmengine's wrapper; logs are means over the ranks, as with :class:`~genzoo.engine.DeviceDDP`."""

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Trains the model for one iteration."""
        return mean_over_ranks(super().train_step(data, optim_wrapper))


@STRATEGIES.register_module()
class SafeFSDPStrategy(FSDPStrategy):
    """mmengine's FSDPStrategy, which keeps checkpoints whole, for :class:`~genzoo.engine.SafeFlexibleRunner`.

    Differs in this: the state is gathered to the first process, with keys and shapes of the bare
    model; the optimiser's state loads with current versions of PyTorch; processes without a GPU
    shard over gloo.

    Args:
        model_wrapper: arguments of mmengine's ``MMFullyShardedDataParallel``, e.g. an ``auto_wrap_policy``.
        activation_checkpointing: as for mmengine's.
        sync_bn: ``'torch'`` for SyncBN on GPUs; the runner gives the config's.
        kwargs: what the runner adds, see mmengine's ``BaseStrategy``.
    """

    def __init__(self, *, model_wrapper: Mapping | None = None, activation_checkpointing: Mapping | None = None,
                 sync_bn: str | None = None, **kwargs) -> None:
        wrapper = dict(model_wrapper or {}, type=MeanLogFSDP)
        if get_device() == 'cpu':
            wrapper['device_id'] = torch.device('cpu')
        super().__init__(model_wrapper=wrapper, state_dict_cfg='full', sync_bn=sync_bn,
                         activation_checkpointing=activation_checkpointing, **kwargs)

    def build_model(self, model: nn.Module | Mapping) -> nn.Module:
        """Builds the bare model, and remembers the shapes of its whole state."""
        model = super().build_model(model)
        self._shapes = {key: value.to('meta') for key, value in model.state_dict().items()}
        return model

    def _wrap_model(self, model: nn.Module) -> nn.Module:
        """Also synchronises batch norm if asked to, which PyTorch can on GPUs."""
        return super()._wrap_model(model if get_device() == 'cpu' else self.convert_model(model))

    def state_problems(self, state: Mapping[str, Tensor]) -> list[str]:
        """What keeps ``state`` from being the model's; empty if nothing."""
        return state_problems(self._shapes, state)

    def optim_state_dict(self) -> dict:
        """The whole state of the optimiser, by parameter names, on the first process; empty on others."""
        optimizer = self.optim_wrapper.optimizer
        if get_device() != 'cpu':
            return FullyShardedDataParallel.optim_state_dict(self.model, optimizer)
        return self._gather_one_by_one(optimizer)

    def _gather_one_by_one(self, optimizer: Optimizer) -> dict:
        """PyTorch gathers all parts of the state in the same memory, and only from a GPU copies them out of it."""
        own = optimizer.state_dict()
        names: set[str] = set().union(*all_gather_object(
            [name for parts in own['state'].values() for name in parts]))
        whole: dict = {}
        for name in sorted(names):
            state = {key: {name: parts[name]} for key, parts in own['state'].items() if name in parts}
            gathered = FullyShardedDataParallel.optim_state_dict(self.model, optimizer, dict(own, state=state))
            for key, parts in gathered.get('state', {}).items():
                whole.setdefault('state', {}).setdefault(key, {})[name] = parts[name].clone()
            whole.setdefault('param_groups', gathered.get('param_groups'))
        return whole

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Takes this process's shard of what :meth:`optim_state_dict` gave."""
        shard = FullyShardedDataParallel.optim_state_dict_to_load(
            model=self.model, optim=self.optim_wrapper.optimizer, optim_state_dict=state_dict)
        self.optim_wrapper.optimizer.load_state_dict(shard)
