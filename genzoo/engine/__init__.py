"""What mmengine's training engine lacks: exact and safe runs, on GPUs and CPUs."""
from .distributed import DeviceDDP, SeparateDDP
from .epoch_loop import EpochBasedTrainLoop
from .flexible_runner import SafeFlexibleRunner
from .fsdp import SafeFSDPStrategy
from .hooks import (
    GracefulStopHook,
    IterationSeedHook,
    NaNGuardHook,
    ProgressBarHook,
    SampleImagesHook,
    ZooCheckpointHook,
)
from .last_checkpoint import last_checkpoint
from .loaders import require_one_batch_size
from .optim import AutocastOptimWrapper, NetworkOptimWrapperConstructor
from .runner import SafeRunner
from .stopping import TrainingStopped
from .suggest import nearest

__all__ = [
    'AutocastOptimWrapper', 'DeviceDDP', 'EpochBasedTrainLoop', 'GracefulStopHook', 'IterationSeedHook',
    'NaNGuardHook', 'NetworkOptimWrapperConstructor', 'ProgressBarHook', 'SafeFSDPStrategy', 'SafeFlexibleRunner',
    'SafeRunner', 'SampleImagesHook', 'SeparateDDP', 'TrainingStopped', 'ZooCheckpointHook', 'last_checkpoint',
    'nearest', 'require_one_batch_size'
]
