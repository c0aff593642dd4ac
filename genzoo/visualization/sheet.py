"""A sheet of samples as a component that a config can name."""
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import VISUALIZERS
from .image_grid import sample_sheet


@VISUALIZERS.register_module()
class SampleSheet:
    """Turns what a model made into one picture; for hooks, which may not import this package.

    Args:
        columns: samples in a row; by default about as many as rows.
        num_masks: how many masks to show, from the last one backwards.
    """

    def __init__(self, columns: int | None = None, num_masks: int = 1) -> None:
        self.columns = columns
        self.num_masks = num_masks

    def __call__(self, data_samples: Sequence[Any]) -> np.ndarray:
        """
        Args:
            data_samples: see :func:`~genzoo.visualization.sample_sheet`.

        Returns:
            (H, W, 3) uint8, RGB.
        """
        return sample_sheet(data_samples, self.columns, self.num_masks)
