"""Where the time of a step goes."""
import os
import tempfile
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from ...utils import atomic_write
from .steps import Step

ROWS = 40


def profile_files(folder: str | Path, part: str) -> tuple[Path, Path]:
    """The table and the Chrome trace of a part."""
    return Path(folder) / f'{part}_operators.txt', Path(folder) / f'{part}_trace.json'


def profile_step(step: Step, device: torch.device, folder: str | Path, part: str) -> None:
    """Writes the operators of one call by their own time, and its trace.

    Args:
        step: has run before.
        device: where it computes; decides by whose time operators are sorted.
        folder, part: see :func:`profile_files`.
    """
    on_gpu = device.type == 'cuda'
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities, record_shapes=True) as recorded:
        step()
        if on_gpu:
            torch.cuda.synchronize(device)
    table, trace = profile_files(folder, part)
    order = 'self_cuda_time_total' if on_gpu else 'self_cpu_time_total'
    with atomic_write(table, 'w') as file:
        file.write(recorded.key_averages().table(sort_by=order, row_limit=ROWS, max_name_column_width=60))
    with tempfile.TemporaryDirectory(dir=table.parent, prefix='.') as temporary:
        recorded.export_chrome_trace(str(Path(temporary) / trace.name))
        os.replace(Path(temporary) / trace.name, trace)
