"""What a loader's config may say beyond mmengine's keys."""
from collections.abc import Mapping

import torch
from mmengine.dist import get_world_size
from torch.utils.data import Dataset, Subset

from ..errors import ConfigError
from ..registry import DATASETS, FUNCTIONS


class RandomSubset(Subset):
    """A random choice from a data set, the same in each run and on each rank; in random order.

    Args:
        dataset: to choose from, or its config; its ``metainfo`` is kept.
        size: number of items; at most all of them are taken.
    """

    def __init__(self, dataset: Dataset | Mapping, size: int) -> None:
        if isinstance(dataset, Mapping):
            dataset = DATASETS.build(dataset)
        order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
        super().__init__(dataset, order[:size].tolist())
        if hasattr(dataset, 'metainfo'):
            self.metainfo = dataset.metainfo


def require_one_batch_size(cfg: Mapping, place: str = 'a loader') -> None:
    """
    Args:
        cfg: a loader's.
        place: of it in the config, for the message.

    Raises:
        ConfigError: it gives both ``batch_size`` and ``global_batch_size``.
    """
    if cfg.get('batch_size') is not None and cfg.get('global_batch_size') is not None:
        raise ConfigError(
            f'{place}: batch_size={cfg["batch_size"]} and global_batch_size={cfg["global_batch_size"]} exclude each '
            'other. Set global_batch_size, the batch of all processes together, in place of batch_size.')


def named_functions(cfg: Mapping) -> dict:
    """A loader's config in which functions of the registry stand for their names."""
    cfg = dict(cfg)
    for key in ('collate_fn', 'worker_init_fn'):
        function = cfg.get(key)
        if isinstance(function, Mapping) and isinstance(function.get('type'), str):
            found = FUNCTIONS.get(function['type'])
            cfg[key] = dict(function, type=found) if found else function
    return cfg


def split_over_ranks(cfg: Mapping) -> dict:
    """A loader's config in which ``global_batch_size`` has become each process's ``batch_size``.

    Raises:
        ConfigError: it does not divide by the number of processes, or ``batch_size`` is given, too.
    """
    require_one_batch_size(cfg)
    cfg = dict(cfg)
    total = cfg.pop('global_batch_size', None)
    if total is None:
        return cfg
    processes = get_world_size()
    if total % processes:
        raise ConfigError(f'global_batch_size={total}: does not divide by {processes} processes. Take another '
                          'number of processes, or set train_dataloader.global_batch_size.')
    return dict(cfg, batch_size=total // processes, sampler=dict(cfg['sampler'], batch_size=total))


def limit_batches(cfg: Mapping) -> dict:
    """A loader's config whose ``max_batches`` has become a :class:`RandomSubset` of its data set.

    Args:
        cfg: with each process's ``batch_size``.
    """
    cfg = dict(cfg)
    limit = cfg.pop('max_batches', None)
    if limit is None:
        return cfg
    size = limit * cfg['batch_size'] * get_world_size()
    return dict(cfg, dataset=dict(type=RandomSubset, dataset=cfg['dataset'], size=size))
