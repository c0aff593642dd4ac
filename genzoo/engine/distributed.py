"""Distributed training that also runs on CPUs: start of the process group, model wrappers."""
import functools
import inspect
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import all_reduce, get_world_size
from mmengine.model import MMDistributedDataParallel, MMSeparateDistributedDataParallel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn
from torch import distributed as torch_dist

from ..errors import ConfigError
from ..registry import MODEL_WRAPPERS

DEFAULT_PORT = '29500'

# How each launcher tells a process who it is: our name -> the launcher's.
LAUNCHER_VARIABLES = {
    'pytorch': dict(RANK='RANK', WORLD_SIZE='WORLD_SIZE', LOCAL_RANK='LOCAL_RANK'),
    'slurm': dict(RANK='SLURM_PROCID', WORLD_SIZE='SLURM_NTASKS', LOCAL_RANK='SLURM_LOCALID'),
    'mpi': dict(RANK='OMPI_COMM_WORLD_RANK', WORLD_SIZE='OMPI_COMM_WORLD_SIZE',
                LOCAL_RANK='OMPI_COMM_WORLD_LOCAL_RANK'),
}


def _first_slurm_host(environment: Mapping[str, str]) -> str:
    """The first host of the job; asks slurm itself, whose lists look like ``node[03-05,9]``."""
    nodes = environment.get('SLURM_NODELIST', 'localhost')
    command = ['scontrol', 'show', 'hostname', nodes]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise ConfigError(f'--launcher slurm: `{" ".join(command)}` does not name a host ({error}). '
                          'Set MASTER_ADDR to the host of rank 0.') from error


def _default_port(launcher: str, environment: Mapping[str, str]) -> str:
    """One for all processes of a run; slurm's from the numbers of job and step, so that runs on one node differ."""
    if launcher != 'slurm' or 'SLURM_JOB_ID' not in environment:
        return DEFAULT_PORT
    number = int(environment['SLURM_JOB_ID']) + int(environment.get('SLURM_STEP_ID', '0'))
    return str(20000 + number % 10000)  # below the ports that systems hand out by themselves


def launcher_environment(launcher: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What ``torch.distributed`` reads, from what the launcher has set.

    Args:
        launcher: ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        environment: usually ``os.environ``.

    Returns:
        RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT.

    Raises:
        ConfigError: unknown launcher, or the process was not started by it.
    """
    if launcher not in LAUNCHER_VARIABLES:
        raise ConfigError(f'--launcher {launcher}: choose none, {", ".join(LAUNCHER_VARIABLES)}.')
    names = LAUNCHER_VARIABLES[launcher]
    missing = [name for name in names.values() if name not in environment]
    if missing:
        raise ConfigError(f'--launcher {launcher}: {", ".join(missing)} not set; this process was not '
                          'started by that launcher. See tools/dist_train.sh and tools/slurm_train.sh.')
    values = {ours: environment[theirs] for ours, theirs in names.items()}
    values['MASTER_PORT'] = environment.get('MASTER_PORT') or _default_port(launcher, environment)
    if 'MASTER_ADDR' in environment:
        values['MASTER_ADDR'] = environment['MASTER_ADDR']
    else:
        values['MASTER_ADDR'] = _first_slurm_host(environment) if launcher == 'slurm' else 'localhost'
    return values


def mean_over_ranks(logs: Mapping[str, Any]) -> dict[str, Any]:
    """What one process with the global batch would log: the means of the scalars over all ranks.

    Args:
        logs: scalar tensors by name, the same names on all ranks; anything else stays as it is.
    """
    scalars = {name: value.detach() for name, value in logs.items() if isinstance(value, Tensor)}
    if not scalars or get_world_size() == 1:
        return dict(logs)
    means = torch.stack([value.float() for value in scalars.values()])
    all_reduce(means, 'mean')
    return {**logs, **dict(zip(scalars, means.unbind()))}


def start_group(launcher: str, dist_cfg: Mapping | None) -> None:
    """Prepares what mmengine starts on GPUs; on CPUs, where it cannot, starts a gloo process group.

    Args:
        launcher: as for :func:`launcher_environment`, whose variables are set.
        dist_cfg: of a config's ``env_cfg``; ``timeout`` is the longest wait for another process, in seconds.

    Raises:
        ConfigError: see :func:`launcher_environment`; or the timeout is no such number.
    """
    timeout = (dist_cfg or {}).get('timeout')
    if timeout is not None and not (isinstance(timeout, (int, float)) and timeout > 0):
        raise ConfigError(f'env_cfg.dist_cfg.timeout={timeout!r}: must be a number of seconds above 0.')
    os.environ.update(launcher_environment(launcher, os.environ))
    if get_device() == 'cpu':
        torch_dist.init_process_group('gloo', **({} if timeout is None else dict(timeout=timedelta(seconds=timeout))))


def _on_gpu(module: nn.Module) -> bool:
    return next(module.parameters()).device.type != 'cpu'


@MODEL_WRAPPERS.register_module()
class DeviceDDP(MMDistributedDataParallel):
    """mmengine's wrapper, also for a model on the CPU.

    Args:
        module: the model, or a network of it, on its device.
        device_ids: of this process; ignored on the CPU.
        broadcast_buffers: whether every forward copies the buffers of rank 0 to the others.
        **kwargs: as for ``torch.nn.parallel.DistributedDataParallel``.
    """

    def __init__(self, module: nn.Module, device_ids: list[int] | None = None,
                 broadcast_buffers: bool = False, **kwargs) -> None:
        super().__init__(module, device_ids=device_ids if _on_gpu(module) else None,
                         broadcast_buffers=broadcast_buffers, **kwargs)

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Trains the model for one iteration; logs are means over the ranks."""
        return mean_over_ranks(super().train_step(data, optim_wrapper))


class NetworkDDP(DeviceDDP):
    """The wrapper of one network of a model; the model's code need not know that it is there.

    Attributes of the network are attributes of the wrapper. Its methods run as DDP runs
    ``forward``: a call that went past DDP would leave gradients unaveraged, silently.
    The state has the network's own keys, so that a checkpoint fits any number of processes.

    DDP decides at each forward which parameters will get gradients, but with several losses,
    and with losses of gradients (double backward), only the loss knows: tell each one to
    :meth:`expect_gradients_of` right before its backward.

    Args:
        module: the network, on its device.
        device_ids, broadcast_buffers: as for :class:`DeviceDDP`.
    """

    def __init__(self, module: nn.Module, device_ids: list[int] | None = None,
                 broadcast_buffers: bool = False) -> None:
        super().__init__(module, device_ids, broadcast_buffers, find_unused_parameters=True)
        self.find_unused_parameters = False  # its reducer searches, but not at each forward

    def forward(self, *inputs, **kwargs) -> Any:
        """The network's forward; what its gradients will be for, only a loss can say."""
        with self.no_sync():
            output = super().forward(*inputs, **kwargs)
        self.require_forward_param_sync = True  # a forward without exchange ends the copying of buffers
        return output

    def expect_gradients_of(self, loss: Tensor) -> None:
        """Makes the coming backward of ``loss`` average what reaches this network.

        A network that takes no gradient now is left alone: what it expected in vain, it would
        take from a later backward that is to be exchanged by no one.
        """
        takes_gradients = any(parameter.requires_grad for parameter in self.module.parameters())
        if self.require_backward_grad_sync and takes_gradients:
            self.reducer.prepare_for_backward([loss])

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            attribute = getattr(super().__getattr__('module'), name)
        return functools.partial(self._call, attribute) if inspect.ismethod(attribute) else attribute

    def _call(self, method: Callable, *args, **kwargs) -> Any:
        """Runs ``method`` of the network in the place of its forward."""
        network, own = self.module, self.module.__dict__.get('forward')

        def restore() -> None:
            network.__dict__.pop('forward', None)
            if own is not None:
                network.forward = own

        def once(*inputs, **options):
            restore()  # first: the method may itself call the network's forward
            return method(*inputs, **options)

        network.forward = once
        try:
            return self(*args, **kwargs)
        finally:
            restore()

    def state_dict(self, *args, **kwargs) -> dict:
        """The network's own state."""
        return self.module.state_dict(*args, **kwargs)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args) -> None:
        for key in [key for key in state_dict if key.startswith(prefix)]:
            state_dict[f'{prefix}module.{key[len(prefix):]}'] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)


@MODEL_WRAPPERS.register_module()
class SeparateDDP(MMSeparateDistributedDataParallel):
    """Wraps each trainable child on its own, for models with several optimisers; CPU too.

    Children without trainable parameters (frozen networks, averaged copies) stay as they are.

    Backwards must run through the optimiser wrappers that ``train_step`` receives.

    Args:
        module: the model, on its device; its networks are direct children.
        device_ids: of this process; ignored on the CPU.
        broadcast_buffers: whether every forward copies the buffers of rank 0 to the others.
    """

    def __init__(self, module: nn.Module, device_ids: list[int] | None = None,
                 broadcast_buffers: bool = False) -> None:
        nn.Module.__init__(self)  # past DDP's own, which would wrap the whole model
        self.module = module
        for name, child in module.named_children():
            if any(parameter.requires_grad for parameter in child.parameters()):
                module._modules[name] = NetworkDDP(child, device_ids, broadcast_buffers)

    def _networks(self) -> list[NetworkDDP]:
        return [child for child in self.module.children() if isinstance(child, NetworkDDP)]

    def train_step(self, data: Any, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """Trains the model for one iteration; each backward is announced to the networks, logs are means over ranks."""
        for wrapper in optim_wrapper.values():
            if 'backward' not in wrapper.__dict__:
                wrapper.backward = functools.partial(self._backward, wrapper.backward)
        return mean_over_ranks(self.module.train_step(data, optim_wrapper))

    def _backward(self, backward: Callable, loss: Tensor, **kwargs) -> None:
        for network in self._networks():
            network.expect_gradients_of(loss)
        backward(loss, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Keeps all networks from exchanging gradients."""
        with ExitStack() as stack:
            for network in self._networks():
                stack.enter_context(network.no_sync())
            yield
