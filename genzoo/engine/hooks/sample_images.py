"""Pictures of the same inputs, again and again, while a model learns."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from PIL import Image
from torch.utils.data import DataLoader

from ...errors import ConfigError
from ...registry import HOOKS, VISUALIZERS
from ...utils import atomic_write, remove_leftovers
from ..randomness import isolated_generators


@HOOKS.register_module()
class SampleImagesHook(Hook):
    """Draws samples after the first and every ``interval`` iterations, always from the same inputs.

    The inputs are the first items of the validation set, or of the training set where there
    is none; noise is drawn from a fixed seed. The sheet is written to
    ``<work_dir>/samples/iter_<N>.png`` and given to the visualizer, e.g. for TensorBoard.
    Training is not affected: generators and modes are put back, and a full disk costs the sheet
    alone.

    Args:
        interval: iterations between sheets.
        num_samples: items on a sheet.
        seed: of the noise.
        sheet: config of what turns data samples into a picture, called with a list of
            :class:`~genzoo.structures.DataSample`, returning (H, W, 3) uint8 RGB.

    Raises:
        ConfigError: ``interval`` or ``num_samples`` is not positive.
    """

    priority = 'LOW'

    def __init__(self, interval: int, num_samples: int = 16, seed: int = 0,
                 sheet: dict | None = None) -> None:
        if interval < 1 or num_samples < 1:
            raise ConfigError(f'SampleImagesHook: interval={interval}, num_samples={num_samples}: '
                              'both must be at least 1.')
        self.interval = interval
        self.num_samples = num_samples
        self.seed = seed
        self.sheet = VISUALIZERS.build(sheet or dict(type='SampleSheet'))
        self._batch: Any = None

    def before_train(self, runner) -> None:
        """Loads the items once; they do not change. Removes what a killed process left half-written."""
        if is_main_process():
            remove_leftovers(Path(runner.work_dir) / 'samples')
        loader = runner.val_dataloader if runner.val_loop is not None else runner.train_dataloader
        self._batch = self._first_items(loader)

    def _first_items(self, loader: DataLoader) -> Any:
        count = min(self.num_samples, len(loader.dataset))
        with isolated_generators(self.seed):
            return loader.collate_fn([loader.dataset[index] for index in range(count)])

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Draws, if it is time."""
        if runner.iter == 0 or self.every_n_train_iters(runner, self.interval):
            self._draw(runner, runner.iter + 1)

    @master_only
    def _draw(self, runner, iteration: int) -> None:
        picture = self.sheet(self._samples(runner.model))
        path = Path(runner.work_dir) / 'samples' / f'iter_{iteration}.png'
        try:
            with atomic_write(path) as file:
                Image.fromarray(np.asarray(picture)).save(file, format='png')
            runner.visualizer.add_image('samples', picture, step=iteration)
        except OSError as error:  # no reason to end training
            runner.logger.warning(f'{path}: the sheet of samples could not be written ({error}); training goes on.')

    def _samples(self, model: torch.nn.Module) -> Sequence:
        model = model.module if is_model_wrapper(model) else model
        was_training = model.training
        model.eval()
        try:
            with torch.no_grad(), isolated_generators(self.seed):
                return model.val_step(self._batch)
        finally:
            model.train(was_training)
