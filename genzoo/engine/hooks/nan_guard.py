"""Training stops as soon as a loss or a weight is not a finite number."""
from collections.abc import Mapping

import torch
from mmengine.dist import all_reduce, is_distributed
from mmengine.hooks import Hook

from ...errors import TrainingError
from ...registry import HOOKS
from ..last_checkpoint import last_good


def not_finite(values: Mapping) -> list[str]:
    """Names of the numbers and tensors that hold NaN or infinity; waits for the device once."""
    tensors = {name: torch.as_tensor(value) for name, value in values.items()
               if isinstance(value, (int, float, torch.Tensor))}
    flags = {name: tensor.isfinite().all() for name, tensor in tensors.items() if tensor.is_floating_point()}
    if not flags:
        return []
    device = next((flag.device for flag in flags.values() if flag.device.type != 'cpu'), 'cpu')
    finite = torch.stack([flag.to(device) for flag in flags.values()]).tolist()
    return [name for name, good in zip(flags, finite) if not good]


@HOOKS.register_module()
class NaNGuardHook(Hook):
    """Ends training with an error that names the loss and the iteration.

    Looks at what ``train_step`` returns, and at the weights before they are saved: an update
    can break them although the loss before it was finite. No checkpoint is written after that,
    on any rank.

    Raises:
        TrainingError: something is not finite.
    """

    priority = 'LOW'  # after logging, before the checkpoint

    def after_train_iter(self, runner, batch_idx: int, data_batch=None,
                         outputs: Mapping | None = None) -> None:
        """Checks the logged values of the iteration, on all ranks."""
        broken = not_finite(outputs or {})
        if is_distributed():
            flag = torch.tensor(float(bool(broken)))
            all_reduce(flag, op='max')
            broken = broken or (['a loss of another process'] if flag else [])
        if broken:
            raise TrainingError(f'iteration {runner.iter + 1}: {", ".join(broken)} is not finite; '
                                f'{last_good(runner.work_dir)}. Lower the learning rate or clip gradients.')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Checks the weights."""
        broken = not_finite(checkpoint['state_dict'])
        if broken:
            more = f' and {len(broken) - 1} more weights' if len(broken) > 1 else ''
            iteration = checkpoint['meta']['iter']
            raise TrainingError(f'iteration {iteration}: the update made {broken[0]}{more} not finite; '
                                f'{last_good(runner.work_dir)}. Lower the learning rate or clip gradients.')
