"""Makes a data set for text-to-image training of a folder of pictures and their captions.

Beside `dog.jpg` lies `dog.txt` with one caption a line. Stopped runs can be started again.

    python tools/prepare/captions_folder.py --image-dir my_photos --out data/my_photos

Then set captions_per_image and vocab_size in configs/_base_/datasets/folder_captions_256.py and
configs/ssagan/{damsm,ssagan}_folder.py as this tool says.
"""
import argparse
import sys

from genzoo.apis.cli import one_line_errors, progress_bars
from genzoo.datasets.caption_folder import prepare_caption_folder


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--image-dir', required=True, help='folder of pictures, sub-folders included')
    parser.add_argument('--text-dir', help='folder of text files (default: beside the pictures)')
    parser.add_argument('--out', required=True, help='folder to make')
    parser.add_argument('--captions-per-image', type=int,
                        help='default: as many as the picture with the fewest has')
    parser.add_argument('--test-fraction', type=float, default=0.1, help='default: %(default)s')
    parser.add_argument('--seed', type=int, default=0, help='chooses the test pictures (default: 0)')
    parser.add_argument('--overwrite', action='store_true', help='make a complete folder again')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Prepares the folder and says what became of it."""
    args = parse_args()
    with progress_bars('image') as progress:
        report = prepare_caption_folder(**vars(args), progress=progress)
    sys.stdout.write(f'{report.summary(args.out)}\n')


if __name__ == '__main__':
    main()
