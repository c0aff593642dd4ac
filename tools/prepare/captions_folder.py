"""Makes a data set for text-to-image training of a folder of pictures and their captions.

Beside `dog.jpg` lies `dog.txt` with one caption a line. Stopped runs can be started again.

    python tools/prepare/captions_folder.py --image-dir my_photos --out data/my_photos

Then set in the config: data_root='data/my_photos', captions_per_image as this tool says.
"""
import argparse
import sys
from functools import partial

from tqdm import tqdm

from genzoo.datasets.caption_folder import FolderReport, prepare_caption_folder
from genzoo.errors import GenzooError


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


def summary(out: str, report: FolderReport) -> str:
    """What became of the folder, for the user."""
    lines = [f'skipped {path}: {reason}' for path, reason in report.skipped]
    lines.append(f'{out}: {report.train} training and {report.test} test images, {len(report.skipped)} '
                 f'skipped, captions_per_image={report.captions_per_image}, {report.num_words} words')
    return '\n'.join(lines)


def main() -> None:
    """Prepares the folder; exits with one line if something that was given is wrong."""
    args = parse_args()
    try:
        report = prepare_caption_folder(**vars(args), progress=partial(tqdm, unit='image'))
    except GenzooError as error:
        sys.exit(f'error: {error}')
    print(summary(args.out, report))


if __name__ == '__main__':
    main()
