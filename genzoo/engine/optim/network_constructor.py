"""One optimiser a network."""
from collections.abc import Mapping, Sequence

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from ...errors import ConfigError
from ...registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from ...utils import nearest
from .autocast import AutocastOptimWrapper


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NetworkOptimWrapperConstructor:
    """Builds an :class:`~mmengine.optim.OptimWrapperDict` over the networks of a model.

    A key of the config names a child of the model, or, with ``modules``, a group of them::

        optim_wrapper = dict(
            constructor='NetworkOptimWrapperConstructor',
            generator=dict(optimizer=dict(type='Adam', lr=1e-4, betas=(0.0, 0.9))),
            encoders=dict(modules=['text_encoder', 'image_encoder'],
                          optimizer=dict(type='Adam', lr=2e-3), clip_grad=dict(max_norm=0.25)))

    Parameters that are frozen when the optimisers are built are left out. Under fp16 all entries
    share one loss scale.

    Args:
        optim_wrapper_cfg: see above; an entry's ``type`` is ``OptimWrapper`` if not given.
        paramwise_cfg: must be None; for mmengine's signature.

    Raises:
        ConfigError: an entry names no network, or one without trainable parameters; or it accumulates
            gradients, which is the model's task.
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, dict], paramwise_cfg: None = None) -> None:
        if paramwise_cfg is not None:
            raise ConfigError('optim_wrapper.paramwise_cfg: not supported with one optimiser a network; '
                              'use groups of modules.')
        for name, cfg in optim_wrapper_cfg.items():
            if not isinstance(cfg, Mapping) or 'optimizer' not in cfg:
                raise ConfigError(f'optim_wrapper.{name}: must be a dict with an `optimizer`, one a network.')
            if cfg.get('accumulative_counts', 1) != 1:
                raise ConfigError(f'optim_wrapper.{name}.accumulative_counts={cfg["accumulative_counts"]}: networks '
                                  'with an optimiser each take turns. Set model.accumulation_rounds.')
        self.optim_wrapper_cfg = optim_wrapper_cfg

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Builds the wrappers.

        Args:
            model: bare or wrapped for distributed training.
        """
        model = model.module if is_model_wrapper(model) else model
        wrappers = {name: self._build(name, dict(cfg), model) for name, cfg in self.optim_wrapper_cfg.items()}
        self._share_loss_scaler([each for each in wrappers.values() if isinstance(each, AutocastOptimWrapper)])
        return OptimWrapperDict(**wrappers)

    @staticmethod
    def _share_loss_scaler(wrappers: Sequence[AutocastOptimWrapper]) -> None:
        """One backward may serve several optimisers, which must agree on the scale of its loss."""
        for wrapper in wrappers:
            wrapper.loss_scaler = next(each for each in wrappers if each.dtype == wrapper.dtype).loss_scaler

    def _build(self, name: str, cfg: dict, model: nn.Module) -> OptimWrapper:
        modules = cfg.pop('modules', [name])
        networks = [self._child(name, module, model) for module in modules]
        parameters = [parameter for network in networks for parameter in network.parameters()
                      if parameter.requires_grad]
        if not parameters:
            raise ConfigError(f'optim_wrapper.{name}: {", ".join(modules)} has no trainable parameters. Take this '
                              'entry out.')
        try:
            optimizer = OPTIMIZERS.build(dict(cfg.pop('optimizer'), params=parameters))
        except (ValueError, TypeError) as error:
            raise ConfigError(f'optim_wrapper.{name}.optimizer: {str(error).splitlines()[-1]}') from error
        return OPTIM_WRAPPERS.build({'type': 'OptimWrapper', **cfg, 'optimizer': optimizer})

    @staticmethod
    def _child(name: str, module: str, model: nn.Module) -> nn.Module:
        children = dict(model.named_children())
        if module not in children:
            raise ConfigError(f'optim_wrapper.{name}: {type(model).__name__} has no network "{module}"; '
                              f'nearest: "{nearest(module, children)}"')
        return children[module]
