"""Hooks that every run needs, one a file."""
from .checkpoint import ZooCheckpointHook
from .dataset_check import DatasetCheckHook
from .due_validation import DueValidationHook
from .graceful_stop import GracefulStopHook
from .iteration_seed import IterationSeedHook
from .load_size_switch import LoadSizeSwitchHook
from .nan_guard import NaNGuardHook
from .progress_bar import ProgressBarHook
from .reset_optimizer import ResetOptimizerHook
from .sample_images import SampleImagesHook

__all__ = [
    'DatasetCheckHook', 'DueValidationHook', 'GracefulStopHook', 'IterationSeedHook', 'LoadSizeSwitchHook',
    'NaNGuardHook', 'ProgressBarHook', 'ResetOptimizerHook', 'SampleImagesHook', 'ZooCheckpointHook'
]
