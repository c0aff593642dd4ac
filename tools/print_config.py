"""Prints a config as it is used: its bases merged, its options set, its keys and types checked.

    python tools/print_config.py configs/ssagan/ssagan_cub.py --cfg-options train_dataloader.global_batch_size=8

The output is itself a config.
"""
import argparse
import sys

from genzoo.apis.cli import CfgOptions, one_line_errors
from genzoo.apis.config import load_config
from genzoo.apis.model import try_model


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a config file, e.g. configs/ssagan/ssagan_cub.py')
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions, metavar='KEY=VALUE',
                        help='change single values, e.g. train_dataloader.global_batch_size=8')
    parser.add_argument('--check', action='store_true',
                        help='print nothing but whether it is right; also builds the model, without weights or memory')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Prints or checks; see --help."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    if not args.check:
        sys.stdout.write(cfg.pretty_text.rstrip() + '\n')
        return
    count = try_model(cfg)
    sys.stdout.write(f'{args.config}: no wrong key or type; the model builds, {count:,} parameters\n')


if __name__ == '__main__':
    main()
