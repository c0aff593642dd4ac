"""Draws what runs have logged: one panel a quantity, one colour a run.

    python tools/visualize_training.py work_dirs/ssagan_toy work_dirs/ssagan_toy_no-text --out curves.png
"""
import argparse
import sys
from pathlib import Path

from genzoo.apis.cli import one_line_errors
from genzoo.utils import require_writable
from genzoo.visualization.curves import draw_curves, save_figure
from genzoo.visualization.training_log import choose_keys, read_run, run_names


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('run_dirs', nargs='+', metavar='RUN_DIR', help='work dir of a run, resumed or not')
    parser.add_argument('--out', required=True, type=Path, help='the picture, e.g. curves.png, .svg or .pdf')
    parser.add_argument('--keys', nargs='+', metavar='NAME',
                        help="only these, e.g. loss_g 'loss_d_*'; default: all but times and learning rates")
    parser.add_argument('--smooth', type=float, default=0.0, metavar='WEIGHT',
                        help='weight of what came before in a running average, e.g. 0.9 (default: none)')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing picture')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Reads the logs, draws them and says where the picture is."""
    args = parse_args()
    require_writable([args.out], args.overwrite)
    runs = dict(zip(run_names(args.run_dirs), map(read_run, args.run_dirs)))
    available = list(dict.fromkeys(key for series in runs.values() for key in series))
    figure = draw_curves(runs, choose_keys(available, args.keys), args.smooth)
    save_figure(figure, args.out)
    sys.stdout.write(f'{args.out}\n')


if __name__ == '__main__':
    main()
