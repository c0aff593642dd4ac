"""What this machine is and what it can do, to hold a model's speed against."""
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.benchmark import Timer

MATMUL_SIZES = {'cpu': (512, 1024, 2048), 'cuda': (2048, 4096, 8192)}
DTYPES = {'float32': torch.float32, 'tf32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}
LONGEST_PRODUCT = 2.0
"""Seconds; larger products are left out."""
KIB = 1024


def _processor() -> str:
    """The name of the CPU, as Linux tells it."""
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(':')[2].strip() for line in lines if line.startswith('model name')), platform.machine())


def describe(device: torch.device) -> dict:
    """Names of the device and of what computes on it, and the number of CPU threads."""
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else _processor()
    return dict(device=str(device), name=name, threads=torch.get_num_threads(), torch=torch.__version__,
                python=platform.python_version())


@contextmanager
def cpu_threads(number: int | None) -> Iterator[None]:
    """Runs PyTorch on so many CPU threads (None: as many as before), and restores their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if number is None else number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _float32_by(precision: str) -> Iterator[None]:
    """Lets float32 matrix products be computed as ``precision``, ``'tf32'`` or another, says."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('high' if precision == 'tf32' else 'highest')
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def float32_precisions(device: torch.device) -> list[str]:
    """How a step may compute in float32: on NVIDIA's GPUs convolutions are TF32 unless PyTorch is told otherwise."""
    return ['float32', 'tf32'] if device.type == 'cuda' and torch.backends.cudnn.allow_tf32 else ['float32']


def matmul_rates(device: torch.device, precisions: Sequence[str], sizes: Sequence[int] | None = None,
                 seconds: float = 0.5) -> dict[str, dict[str, float]]:
    """How fast square matrices are multiplied here and now.

    Args:
        device: where.
        precisions: of ``float32``, ``tf32``, ``bf16`` and ``fp16``.
        sizes: rows of the matrices, rising; default: what suits the device.
        seconds: at least so long for each size.

    Returns:
        For each precision the ``rate`` of the best size in FLOP/s, by median time, and that ``size``.
    """
    sizes = sizes or MATMUL_SIZES.get(device.type, MATMUL_SIZES['cuda'])
    rates = {}
    for precision in precisions:
        with _float32_by(precision):
            rates[precision] = _best_rate(sizes, device, DTYPES[precision], seconds)
    return rates


def _best_rate(sizes: Sequence[int], device: torch.device, dtype: torch.dtype, seconds: float) -> dict[str, float]:
    best = dict(rate=0.0, size=0)
    for size in sizes:
        if best['rate'] and 2 * size**3 / best['rate'] > LONGEST_PRODUCT:
            break  # CPUs without bfloat16 need minutes for what takes them seconds in float32
        rate = _matmul_rate(size, device, dtype, seconds)
        best = max(best, dict(rate=rate, size=size), key=lambda each: each['rate'])
    return best


def _matmul_rate(size: int, device: torch.device, dtype: torch.dtype, seconds: float) -> float:
    first, second, out = (torch.randn(size, size, device=device).to(dtype) for _ in range(3))
    timer = Timer('torch.mm(first, second, out=out)', num_threads=torch.get_num_threads(),
                  globals=dict(torch=torch, first=first, second=second, out=out))
    timer.timeit(1)
    return 2 * size**3 / timer.blocked_autorange(min_run_time=seconds).median


class PeakMemory:
    """The most memory that was in use since this object was made.

    On a GPU: what PyTorch has allocated there, without what was allocated before. On a CPU: the resident
    memory of the whole process, with Python and its libraries; where Linux does not let its record be set
    back, the most since the process began. ``kind`` says which.

    Args:
        device: whose.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        if device.type == 'cuda':
            torch.cuda.reset_peak_memory_stats(device)
            self.before = torch.cuda.memory_allocated(device)
            self.kind = 'allocated on the GPU'
        else:
            since = 'this part' if self._reset_record() else 'the process'
            self.kind = f'resident memory of the process since {since} began'

    @staticmethod
    def _reset_record() -> bool:
        try:
            Path('/proc/self/clear_refs').write_text('5')  # Linux: VmHWM starts again at what is resident now
        except OSError:
            return False
        return True

    def peak(self) -> int | None:
        """In bytes; None where the system does not tell."""
        if self.device.type == 'cuda':
            return torch.cuda.max_memory_allocated(self.device) - self.before
        try:
            lines = Path('/proc/self/status').read_text().splitlines()
        except OSError:
            return None
        return next((int(line.split()[1]) * KIB for line in lines if line.startswith('VmHWM')), None)
