"""From a config and a checkpoint to a model that is ready to predict."""
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import init_default_scope

from ..errors import ConfigError
from ..registry import MODELS
from ..utils import load_for_prediction, open_model_checkpoint
from .config import check_config, load_config

WEIGHT_KEYS = ('pretrained', 'trunk_weights')
FROZEN_BACKBONES = ('VGGFeatures',)  # of losses, which predictions do without


def without_weight_files(cfg: Any) -> Any:
    """The config without the files that networks start training from: a checkpoint replaces them."""
    if isinstance(cfg, dict):
        backbone = dict(path='random') if cfg.get('type') in FROZEN_BACKBONES else {}
        return type(cfg)({key: without_weight_files(value) for key, value in cfg.items()
                          if key not in WEIGHT_KEYS} | backbone)
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(without_weight_files(value) for value in cfg)
    return cfg


def pick_device(device: str) -> torch.device:
    """``auto`` is the first GPU if there is one, else the CPU.

    Raises:
        ConfigError: no such device here.
    """
    if device == 'auto':
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f'device {device!r}: not available here ({str(error).splitlines()[0]}). '
                          'Use cpu.') from error
    return chosen


def init_model(config: str | Path | Config, checkpoint: str | Path | None = None,
               device: str = 'auto') -> BaseModel:
    """Builds the model of a config in evaluation mode.

    Args:
        config: a config file, or the config itself.
        checkpoint: of training with that config or of ``tools/convert_checkpoint.py``. None: the
            networks keep the weights that the config names, or random ones.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ...

    Returns:
        The model; ``model.cfg`` is its config, ``model.dataset_meta`` what the checkpoint says
        about the data set, e.g. its ``vocabulary``.

    Raises:
        ConfigError: the config or the device is wrong.
        WeightsError: the checkpoint is missing, broken, unsafe or of another model.
    """
    chosen = pick_device(device)
    if not isinstance(config, Config):
        config = load_config(config)
    check_config(config)
    init_default_scope(config.get('default_scope', 'genzoo'))
    model_cfg = config.model if checkpoint is None else without_weight_files(config.model)
    model = revert_sync_batchnorm(MODELS.build(ConfigDict(model_cfg)))
    model.cfg, model.dataset_meta = config, {}
    if checkpoint is not None:
        state, meta = open_model_checkpoint(checkpoint)
        load_for_prediction(model, state, str(checkpoint))
        model.dataset_meta = meta.get('dataset_meta') or {}
    return model.to(chosen).eval()


def try_model(config: Config) -> int:
    """Builds the model of a config without weights and without memory for them.

    Args:
        config: a checked config.

    Returns:
        Number of parameters.

    Raises:
        ConfigError: it has no model, or the model refuses its arguments.
    """
    if config.get('model') is None:
        raise ConfigError(f'{config.filename}: has no model.')
    init_default_scope(config.get('default_scope', 'genzoo'))
    try:
        with torch.device('meta'):
            model = MODELS.build(without_weight_files(config.model))
    except TypeError as error:  # an argument is missing, or of another kind
        raise ConfigError(f'{config.filename}: model: {error}') from error
    return sum(parameter.numel() for parameter in model.parameters())
