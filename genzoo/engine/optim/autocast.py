"""Mixed precision on any device."""
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from ...errors import ConfigError
from ...registry import OPTIM_WRAPPERS

PRECISIONS = {'bf16': torch.bfloat16, 'fp16': torch.float16}


class LossScaler(torch.amp.GradScaler):
    """A loss scale that several optimisers may share.

    It adapts when the next loss is scaled (or its state is asked for), not after each step: all
    optimisers that step after one backward then take its gradients for scaled alike.
    """

    _stepped = False

    def scale(self, outputs: Tensor) -> Tensor:
        """``outputs`` times the scale."""
        self._adapt()
        return super().scale(outputs)

    def step(self, optimizer: Optimizer, *args, **kwargs) -> float | None:
        """Unscales the gradients and steps, unless they overflowed."""
        self._stepped = True
        return super().step(optimizer, *args, **kwargs)

    def state_dict(self) -> dict:
        """As GradScaler's."""
        self._adapt()
        return super().state_dict()

    def _adapt(self) -> None:
        if self._stepped:
            self.update()
            self._stepped = False


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs forwards under autocast; mmengine's ``AmpOptimWrapper`` asks for a GPU.

    Args:
        optimizer: whose parameters' device decides where autocast applies.
        precision: ``'bf16'``, on any device, or ``'fp16'``, with loss scaling, on GPUs only.
        accumulative_counts: backwards per step.
        clip_grad: as for mmengine's ``OptimWrapper``.

    Raises:
        ConfigError: unknown precision, or fp16 without a GPU.
    """

    def __init__(self, optimizer: Optimizer, precision: str = 'bf16', accumulative_counts: int = 1,
                 clip_grad: dict | None = None) -> None:
        super().__init__(optimizer, accumulative_counts=accumulative_counts, clip_grad=clip_grad)
        if precision not in PRECISIONS:
            raise ConfigError(f'precision={precision!r}: must be one of {", ".join(PRECISIONS)}.')
        self.device_type = optimizer.param_groups[0]['params'][0].device.type
        if precision == 'fp16' and self.device_type != 'cuda':
            raise ConfigError(f"precision='fp16' needs a GPU, the model is on the {self.device_type}; "
                              "use 'bf16'.")
        self.dtype = PRECISIONS[precision]
        self.loss_scaler = LossScaler(self.device_type, enabled=precision == 'fp16')

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, within mmengine's context for gradient accumulation."""
        with super().optim_context(model), torch.autocast(self.device_type, self.dtype):
            yield

    def backward(self, loss: Tensor, **kwargs) -> None:
        """Backpropagates the scaled loss."""
        self.loss_scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs) -> None:
        """Unscales, clips, steps; a step whose gradients overflowed is left out."""
        if self.clip_grad_kwargs:
            self.loss_scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)

    def state_dict(self) -> dict:
        """The optimiser's state and the scaler's."""
        return {**super().state_dict(), 'loss_scaler': self.loss_scaler.state_dict()}

    def load_state_dict(self, state_dict: dict) -> None:
        """Loads what :meth:`state_dict` gave; a state without a scaler fits too."""
        state_dict = dict(state_dict)
        scaler = state_dict.pop('loss_scaler', None)
        if scaler and self.loss_scaler.is_enabled():
            self.loss_scaler.load_state_dict(scaler)
        super().load_state_dict(state_dict)
