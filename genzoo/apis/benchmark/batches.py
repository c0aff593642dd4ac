"""The batches that are computed on, and how fast the loader gives them."""
import itertools
from collections.abc import Iterator

from mmengine.config import Config
from mmengine.model import BaseModel
from torch.utils.benchmark import timer
from torch.utils.data import DataLoader

from ...datasets import zoo_collate
from ...engine import SafeRunner
from ...errors import ConfigError, DataError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def loader_config(cfg: Config, source: str) -> dict:
    """A copy of the loader's config: of training, or of evaluation where a config trains nothing.

    Raises:
        ConfigError: there is none.
    """
    found = next((cfg[name] for name in LOADERS if cfg.get(name) is not None), None)
    if found is None:
        raise ConfigError(f'{source}: has none of {", ".join(LOADERS)}, so there are no batches to measure with.')
    return dict(found)


def choose_batch_size(loader: dict, size: int | None) -> int:
    """The batch size of a loader's config, after setting it to ``size`` unless that is None."""
    key = 'global_batch_size' if loader.get('global_batch_size') is not None else 'batch_size'
    if size is not None:
        loader[key] = size
    return loader[key]


def synthetic_batch(model: BaseModel, size: int, pin_memory: bool = False) -> dict:
    """A random batch of what a model works on.

    Args:
        model: with a method ``example_item(number)``, which returns what its data set would: a dict of
            ``inputs`` and ``data_samples``, the same for the same number, of the model's own sizes.
        size: of the batch.
        pin_memory: as for a ``DataLoader``.

    Raises:
        ConfigError: the model has no such method.
    """
    if not hasattr(model, 'example_item'):
        raise ConfigError(f'--data synthetic: {type(model).__name__} has no example_item, which would say what its '
                          'items look like. Use --data config.')
    items = [model.example_item(number) for number in range(size)]
    return next(iter(DataLoader(items, batch_size=size, collate_fn=zoo_collate, pin_memory=pin_memory)))


def _endless(loader: DataLoader) -> Iterator[dict]:
    if len(loader) == 0:
        raise DataError(f'the loader has no whole batch of {loader.batch_size}: the data set has '
                        f'{len(loader.dataset)} items. Use a smaller --batch-size.')
    return itertools.chain.from_iterable(itertools.repeat(loader))


def first_batch(loader: dict) -> dict:
    """The first batch of a loader's config, loaded in this process."""
    own = dict(loader, num_workers=0, persistent_workers=False)
    own.pop('prefetch_factor', None)
    return next(_endless(SafeRunner.build_dataloader(own, seed=0)))


def loader_speed(loader: dict, batches: int, warmup: int = 0) -> dict:
    """How fast a loader is by itself, with the workers of its config and nothing else to do.

    Args:
        loader: its config.
        batches: are timed, after those that workers had prepared in advance.
        warmup: batches more that are not timed.

    Returns:
        ``items_per_second``, ``seconds_to_first_batch`` with the start of the workers, ``workers``,
        and the number of timed ``batches``.
    """
    built = SafeRunner.build_dataloader(loader, seed=0)
    start = timer()
    stream = _endless(built)
    next(stream)
    first = timer() - start
    for _ in range(warmup + built.num_workers * (built.prefetch_factor or 0)):
        next(stream)
    start = timer()
    for _ in range(batches):
        next(stream)
    rate = batches * built.batch_size / (timer() - start)
    return dict(items_per_second=rate, seconds_to_first_batch=first, workers=built.num_workers, batches=batches)
