"""Splits pictures of pairs side by side, such as night2day's, into input/ (left) and gt/ (right).

    python tools/prepare/split_pairs.py --image-dir data/night2day/train --out data/night2day_split/train

Stopped runs can be started again.
"""
import argparse
import sys
from functools import partial

from tqdm import tqdm

from genzoo.apis.cli import one_line_errors
from genzoo.datasets.prepare_pairs import split_pairs


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--image-dir', required=True, help='folder of pictures')
    parser.add_argument('--out', required=True, help='folder to make')
    parser.add_argument('--overwrite', action='store_true', help='make halves again that are there')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Splits the pictures and says how many."""
    args = parse_args()
    report = split_pairs(**vars(args), progress=partial(tqdm, unit='image'))
    sys.stdout.write(f'{args.out}: {report.made} pictures split, {report.kept} were there already\n')


if __name__ == '__main__':
    main()
