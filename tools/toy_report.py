"""Judges a toy generator of SSA-GAN by the criteria of configs/ssagan/README.md.

    python tools/toy_report.py configs/ssagan/ssagan_toy.py checkpoints/ssagan_toy.pth
"""
import argparse
import sys

from genzoo.apis.cli import one_line_errors
from genzoo.apis.config import load_config
from genzoo.apis.toy_report import ssagan_toy_report


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='the toy, or one of its ablations')
    parser.add_argument('checkpoint', help='of a run of it')
    parser.add_argument('--damsm', help="the encoders that judge; default: the config's")
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Prints one number a line."""
    args = parse_args()
    config = load_config(args.config)
    if args.damsm:
        for encoder in ('text_encoder', 'image_encoder'):
            config.val_evaluator[0][encoder].pretrained = args.damsm
    for name, value in ssagan_toy_report(config, args.checkpoint).items():
        sys.stdout.write(f'{name:26}{value:.3f}\n')


if __name__ == '__main__':
    main()
