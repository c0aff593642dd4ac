"""Shows what a config's data pipeline yields: sheets of pictures with their captions.

    python tools/browse_dataset.py configs/ssagan/ssagan_cub.py --out-dir out/

Writes <split>_items.png, some items once each, and <split>_repeats.png, one item drawn again and again, which shows
what is random about it.
"""
import argparse
import sys
from pathlib import Path

from genzoo.apis.browse import SPLITS, browse, build_dataset
from genzoo.apis.cli import CfgOptions, one_line_errors
from genzoo.apis.config import load_config
from genzoo.utils import require_writable
from genzoo.visualization import save_image


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a config file, e.g. configs/ssagan/ssagan_cub.py')
    parser.add_argument('--out-dir', required=True, type=Path, help='folder for the pictures')
    parser.add_argument('--split', default='train', choices=SPLITS, help='of which loader (default: train)')
    parser.add_argument('--num', type=int, default=16, help='number of items (default: %(default)s)')
    parser.add_argument('--repeats', type=int, default=8,
                        help='draws of the first item, 0: none (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='which items, and how they are drawn (default: 0)')
    parser.add_argument('--overwrite', action='store_true', help='replace pictures of an earlier run')
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions, metavar='KEY=VALUE',
                        help='change single values, e.g. train_dataloader.dataset.data_root=data/birds')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Draws the items, writes the sheets and says where they are."""
    args = parse_args()
    names = ['items', 'repeats'] if args.repeats else ['items']
    paths = {name: args.out_dir / f'{args.split}_{name}.png' for name in names}
    require_writable(paths.values(), args.overwrite)
    dataset = build_dataset(load_config(args.config, args.cfg_options), args.split)
    for name, sheet in browse(dataset, args.num, args.repeats, args.seed).items():
        save_image(sheet, paths[name])
        sys.stdout.write(f'{paths[name]}\n')


if __name__ == '__main__':
    main()
