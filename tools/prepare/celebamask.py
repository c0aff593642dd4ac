"""Makes maps of all parts but glasses, and lists of images, in CelebAMask-HQ. Stopped runs can be started again.

    python tools/prepare/celebamask.py data/CelebAMask-HQ

The data: https://github.com/switchablenorms/CelebAMask-HQ, unpacked. Parts lie over each other in the order skin,
hair, brows, eyes, ears, nose, lips and mouth, neck, cloth, hat, ear ring, necklace. Where train.txt and val.txt are
missing (CoCosNet publishes those that released weights were trained with), the last 2000 images are for validation.
"""
import argparse
import sys
from functools import partial

from tqdm import tqdm

from genzoo.apis.cli import one_line_errors
from genzoo.datasets.prepare_celebamask import NUM_VAL, prepare_celebamask


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', help='with CelebA-HQ-img/ and CelebAMask-HQ-mask-anno/')
    parser.add_argument('--num-val', type=int, default=NUM_VAL,
                        help='how many images are for validation, the last ones (default: %(default)s)')
    parser.add_argument('--overwrite', action='store_true', help='make maps and lists again that are there')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Prepares the data set and says what became of it."""
    args = parse_args()
    report = prepare_celebamask(**vars(args), progress=partial(tqdm, unit='image'))
    sys.stdout.write(f'{report.summary(args.data_root)}\n')


if __name__ == '__main__':
    main()
