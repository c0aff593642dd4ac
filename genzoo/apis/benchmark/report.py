"""Measurements as text."""
from collections.abc import Iterator, Mapping

PARTS = ('training', 'inference')
PREFIXES = ((1e12, 'T'), (1e9, 'G'), (1e6, 'M'), (1e3, 'k'))
UNITS = ((1, 's'), (1e3, 'ms'), (1e6, 'us'))


def _time(seconds: float) -> str:
    """Four digits with a fitting unit."""
    factor, unit = next((each for each in UNITS if seconds * each[0] >= 1), (1e9, 'ns'))
    return f'{seconds * factor:.4g} {unit}'


def _large(value: float, unit: str) -> str:
    """Three digits with a prefix, e.g. ``1.23 TFLOP``."""
    size, prefix = next((each for each in PREFIXES if value >= each[0]), (1, ''))
    return f'{value / size:.3g} {prefix}{unit}'


def _machine(machine: Mapping) -> Iterator[str]:
    yield (f'machine    {machine["device"]}: {machine["name"]}, {machine["threads"]} CPU threads, '
           f'torch {machine["torch"]}')
    for precision, best in machine['matmul'].items():
        yield (f'matmul     {precision}: {_large(best["rate"], "FLOP/s")} '
               f'({best["size"]} x {best["size"]}, the best of several sizes)')


def _step(name: str, result: Mapping) -> Iterator[str]:
    seconds = result['seconds']
    yield (f'  {name:9}  median {_time(seconds["median"])} of {seconds["count"]}, quartiles '
           f'{_time(seconds["lower_quartile"])} to {_time(seconds["upper_quartile"])}, range '
           f'{_time(seconds["minimum"])} to {_time(seconds["maximum"])}')
    yield f'             {result["items_per_second"]:.4g} items/s'
    shares = ', '.join(f'{100 * share:.3g} % of {precision} matmul'
                       for precision, share in result['share_of_matmul'].items())
    yield (f'             {_large(result["flops"], "FLOP")} counted, {_large(result["flops_per_second"], "FLOP/s")}: '
           f'{shares}')
    memory = result['peak_memory']
    if memory and memory['bytes'] is not None:
        yield f'             peak memory {memory["bytes"] / 2**20:.0f} MiB ({memory["kind"]})'


def _config(result: Mapping, data: str) -> Iterator[str]:
    yield f'{result["config"]}: batches of {result["batch_size"]}, {data} data'
    for part in (part for part in (*PARTS, 'loader') if part in result):
        measured = result[part]
        if 'not_measured' in measured:
            yield f'  {part:9}  not measured: {measured["not_measured"]}'
        elif part == 'loader':
            yield (f'  loader     {measured["items_per_second"]:.4g} items/s over {measured["batches"]} batches, '
                   f'{measured["workers"]} workers; the first batch after '
                   f'{_time(measured["seconds_to_first_batch"])}')
        else:
            yield from _step(part, measured)


def format_report(report: Mapping) -> str:
    """What :func:`~genzoo.apis.benchmark.benchmark` returns, as lines of text."""
    lines = list(_machine(report['machine']))
    for result in report['configs']:
        lines += _config(result, report['settings']['data'])
    for part, ratio in report['ratios'].items():
        lines.append(f'ratio      {part}: the second takes {ratio["ratio"]:.4f} times as long as the first '
                     f'(95 % interval {ratio["low"]:.4f} to {ratio["high"]:.4f}, {ratio["pairs"]} pairs)')
    return '\n'.join(lines)
