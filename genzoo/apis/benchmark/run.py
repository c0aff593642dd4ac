"""Measures one config, or two in turns."""
import gc
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.benchmark import timer
from tqdm import tqdm

from ...errors import ConfigError, DataError
from ...utils import nearest, require_writable
from ..cli import one_line
from ..model import pick_device
from .batches import choose_batch_size, first_batch, loader_config, loader_speed, synthetic_batch
from .machine import PeakMemory, cpu_threads, describe, float32_precisions, matmul_rates
from .profile import profile_files, profile_step
from .steps import Step, count_flops, inference_step, own_precisions, require_supported, training_step
from .summary import median_ratio, spread

PARTS = ('training', 'inference', 'loader')
SEED = 0


@dataclass(frozen=True)
class BenchmarkOptions:
    """How to measure.

    Attributes:
        batch_size: None: the config's own.
        iters: timed iterations of each part; batches of the loader.
        warmup: iterations before those.
        device: ``auto``, ``cpu``, ``cuda``, ...
        threads: of the CPU; None: PyTorch's own choice.
        amp: precision of autocast, ``bf16`` or ``fp16``; None: what the config says.
        compile: inference with :func:`torch.compile`.
        data: of training step and inference: ``synthetic``, or ``config`` for the config's data set.
        parts: of :data:`PARTS`.
        profile: a folder for profiles of the (first) config; None: without.
        overwrite: whether profiles may be replaced.
        progress: show progress bars.
    """
    batch_size: int | None = None
    iters: int = 20
    warmup: int = 3
    device: str = 'auto'
    threads: int | None = None
    amp: str | None = None
    compile: bool = False
    data: str = 'synthetic'
    parts: Sequence[str] = field(default=PARTS)
    profile: str | Path | None = None
    overwrite: bool = False
    progress: bool = False

    def check(self) -> None:
        """
        Raises:
            ConfigError: an option is out of its range; or a profile exists already.
        """
        for name, least in (('batch_size', 1), ('iters', 1), ('warmup', 1), ('threads', 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f'--{name.replace("_", "-")} {value}: must be at least {least}.')
        wrong = next((part for part in self.parts if part not in PARTS), None)
        if wrong is not None:
            raise ConfigError(f'--parts {wrong}: there is no such part; nearest: "{nearest(wrong, PARTS)}"')
        if self.data not in ('synthetic', 'config'):
            raise ConfigError(f'--data {self.data}: must be synthetic or config.')
        if self.profile is not None:
            files = [path for part in self.parts if part != 'loader' for path in profile_files(self.profile, part)]
            require_writable(files, self.overwrite)


class _Subject:
    """A config, its loader and its batch."""

    def __init__(self, cfg: Config, options: BenchmarkOptions, device: torch.device) -> None:
        self.source = str(cfg.filename or 'config')
        require_supported(cfg, self.source)
        self.cfg, self.options, self.device = cfg, options, device
        self.loader = loader_config(cfg, self.source)
        self.batch_size = choose_batch_size(self.loader, options.batch_size)
        pin = bool(self.loader.get('pin_memory')) and device.type == 'cuda'
        self.batch_of = partial(synthetic_batch, size=self.batch_size, pin_memory=pin)
        if options.data == 'config':
            batch = first_batch(self.loader)
            self.batch_of = lambda model: batch

    def why_not(self, part: str) -> str | None:
        """Why a part cannot be measured; None if it can."""
        absent = part == 'training' and self.cfg.get('optim_wrapper') is None
        return 'the config has no optim_wrapper, it trains nothing' if absent else None

    def prepare(self, part: str, alone: bool) -> tuple[Step, dict]:
        """Builds a step, warms it up and says what one iteration takes besides time."""
        cfg, options, device = self.cfg, self.options, self.device
        memory = PeakMemory(device)
        build = training_step if part == 'training' else inference_step
        step = build(cfg, self.batch_of, device, options.amp)
        facts = dict(items=self.batch_size)
        if part == 'inference' and options.compile:  # compiled code cannot be counted
            facts['flops'] = count_flops(step)
            step = inference_step(cfg, self.batch_of, device, options.amp, compile=True)
        for _ in tqdm(range(options.warmup), f'{part}: warm-up', disable=not options.progress, leave=False):
            step()
        if alone or device.type == 'cuda':
            facts['peak_memory'] = dict(bytes=memory.peak(), kind=memory.kind)
        if 'flops' not in facts:
            facts['flops'] = count_flops(step)
        return step, facts

    def loader_speed(self) -> dict:
        """Of the loader alone; or why it cannot be measured."""
        try:
            return loader_speed(self.loader, self.options.iters, self.options.warmup)
        except (ConfigError, DataError) as error:  # of a batch larger than the data set, too
            if self.options.data == 'config':
                raise
            return dict(not_measured=one_line(error))


def time_in_turns(steps: Sequence[Step], iterations: int, progress: str | None = None) -> list[list[float]]:
    """Seconds of each call of each step, in the order ABAB...; the device is waited for after every call.

    Args:
        steps: what to call.
        iterations: calls of each.
        progress: title of a progress bar; None: no bar.
    """
    times: list[list[float]] = [[] for _ in steps]
    for _ in tqdm(range(iterations), progress, disable=progress is None, leave=False):
        for step, own in zip(steps, times):
            start = timer()
            step()
            own.append(timer() - start)
    return times


def _result(facts: dict, times: Sequence[float], matmul: dict) -> dict:
    seconds = spread(times)
    rate = facts['flops'] / seconds['median']
    return dict(seconds=seconds, items_per_second=facts['items'] / seconds['median'], flops=facts['flops'],
                flops_per_second=rate, peak_memory=facts.get('peak_memory'),
                share_of_matmul={precision: rate / best['rate'] for precision, best in matmul.items()})


def _measure(part: str, subjects: Sequence[_Subject], matmul: dict, options: BenchmarkOptions) -> tuple[list, Any]:
    """Results of a part, one a config, and their ratio if there are two."""
    reasons = [subject.why_not(part) for subject in subjects]
    if any(reasons):
        return [dict(not_measured=reason or 'the other config cannot') for reason in reasons], None
    torch.manual_seed(SEED)
    steps, facts = zip(*(subject.prepare(part, alone=len(subjects) == 1) for subject in subjects))
    times = time_in_turns(steps, options.iters, part if options.progress else None)
    if options.profile is not None:
        profile_step(steps[0], subjects[0].device, options.profile, part)
    results = [_result(*each, matmul) for each in zip(facts, times)]
    return results, median_ratio(*times) if len(times) == 2 else None


def _steps_measured(subjects: Sequence[_Subject], matmul: dict, options: BenchmarkOptions) -> tuple[list, dict]:
    """Results by part, one dict a config, and the ratios by part."""
    results: list[dict] = [{} for _ in subjects]
    ratios = {}
    for part in ('inference', 'training'):  # the smaller first: what it leaves allocated is no peak of the other
        if part in options.parts:
            own, ratio = _measure(part, subjects, matmul, options)
            for result, measured in zip(results, own):
                result[part] = measured
            if ratio is not None:
                ratios[part] = ratio
            gc.collect()
    return results, ratios


def _benchmark(cfgs: Sequence[Config], options: BenchmarkOptions, device: torch.device) -> dict:
    init_default_scope(cfgs[0].get('default_scope', 'genzoo'))
    subjects = [_Subject(cfg, options, device) for cfg in cfgs]
    reduced = [options.amp] if options.amp else sorted({each for cfg in cfgs for each in own_precisions(cfg)})
    matmul = matmul_rates(device, [*float32_precisions(device), *reduced])
    results, ratios = _steps_measured(subjects, matmul, options)
    for subject, result in zip(subjects, results):
        if 'loader' in options.parts:
            result['loader'] = subject.loader_speed()
    configs = [dict(config=subject.source, batch_size=subject.batch_size,
                    **{part: result[part] for part in PARTS if part in result})
               for subject, result in zip(subjects, results)]
    settings = {key: value for key, value in asdict(options).items() if key not in ('overwrite', 'progress')}
    settings.update(parts=list(options.parts), profile=options.profile and str(options.profile))
    return dict(machine=describe(device) | dict(matmul=matmul), settings=settings, configs=configs, ratios=ratios)


def benchmark(cfg: Config, options: BenchmarkOptions | None = None, other: Config | None = None) -> dict:
    """Measures the speed of what a config describes.

    Args:
        cfg: of :func:`~genzoo.apis.load_config`.
        options: how to measure.
        other: a second config; both are then measured in turns, iteration by iteration, so that what
            else the machine does meets both alike.

    Returns:
        Plain data: ``machine``, its ``matmul`` rates included; ``settings``; ``configs``, a dict each with
        ``training``, ``inference`` and ``loader``; ``ratios``, of the other's times to the first's, by part.
        A part that cannot be measured says why under ``not_measured``.

    Raises:
        ConfigError: an option or a config is wrong, or a batch does not fit the GPU's memory.
        DataError: data are asked for that are not there.
    """
    options = options or BenchmarkOptions()
    options.check()
    device = pick_device(options.device)
    with cpu_threads(options.threads), torch.cuda.device(device if device.type == 'cuda' else -1):
        try:
            return _benchmark([cfg] if other is None else [cfg, other], options, device)
        except torch.cuda.OutOfMemoryError as error:
            raise ConfigError(f'a batch does not fit the memory of {device} ({str(error).splitlines()[0]}) '
                              'Give a smaller --batch-size.') from error
