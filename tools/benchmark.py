"""Measures the speed of a config: training step, inference and data loading.

    python tools/benchmark.py configs/ssagan/ssagan_cub_nf32.py --out speed.json
    python tools/benchmark.py A.py --compare B.py
"""
import argparse
import json
import sys

from genzoo.apis.benchmark import PARTS, BenchmarkOptions, benchmark, format_report
from genzoo.apis.cli import CfgOptions, one_line_errors
from genzoo.apis.config import load_config
from genzoo.errors import ConfigError
from genzoo.utils import atomic_write, require_writable


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a config file, e.g. configs/ssagan/ssagan_cub_nf32.py')
    parser.add_argument('--compare', metavar='CONFIG', help='a second config, measured in turns with the first')
    parser.add_argument('--parts', nargs='+', default=PARTS, choices=PARTS, metavar='PART',
                        help=f'only these of {", ".join(PARTS)}')
    parser.add_argument('--data', default='synthetic', choices=['synthetic', 'config'],
                        help='what training and inference compute on: random items, or the data set of the config')
    parser.add_argument('--batch-size', type=int, help="default: the config's, of all processes together")
    parser.add_argument('--iters', type=int, default=20, help='timed iterations; default: %(default)s')
    parser.add_argument('--warmup', type=int, default=3, help='iterations before those; default: %(default)s')
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda, cuda:1, ...')
    parser.add_argument('--threads', type=int, help="of the CPU; default: PyTorch's choice")
    parser.add_argument('--amp', nargs='?', const='bf16', choices=['bf16', 'fp16'],
                        help='mixed precision in training and inference; fp16 needs a GPU')
    parser.add_argument('--compile', action='store_true', help='compile the model for inference')
    parser.add_argument('--profile', metavar='DIR', help='write the costliest operators and a Chrome trace there')
    parser.add_argument('--out', metavar='FILE', help='a JSON file of all figures')
    parser.add_argument('--overwrite', action='store_true', help='replace the files of an earlier call')
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions, metavar='KEY=VALUE',
                        help='change single values of the config')
    parser.add_argument('--compare-options', nargs='+', action=CfgOptions, metavar='KEY=VALUE',
                        help='change single values of the second config')
    return parser.parse_args()


def options(args: argparse.Namespace) -> BenchmarkOptions:
    """How to measure, from the command line."""
    names = ('batch_size', 'iters', 'warmup', 'device', 'threads', 'amp', 'compile', 'data', 'parts', 'profile',
             'overwrite')
    return BenchmarkOptions(progress=sys.stderr.isatty(), **{name: getattr(args, name) for name in names})


@one_line_errors()
def main() -> None:
    """Measures, prints and saves; see --help."""
    args = parse_args()
    if args.compare_options and not args.compare:
        raise ConfigError('--compare-options: there is no second config. Give --compare CONFIG, too.')
    if args.out:
        require_writable([args.out], args.overwrite)
    config = load_config(args.config, args.cfg_options)
    other = load_config(args.compare, args.compare_options, '--compare-options') if args.compare else None
    report = benchmark(config, options(args), other)
    if args.out:
        with atomic_write(args.out, 'w') as file:
            file.write(json.dumps(report, indent=2) + '\n')
    sys.stdout.write(format_report(report) + '\n')
    for name in filter(None, (args.out, args.profile)):
        sys.stdout.write(f'saved to {name}\n')


if __name__ == '__main__':
    main()
