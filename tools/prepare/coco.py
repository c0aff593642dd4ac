"""Makes COCO 2014 with captions of the archives as they are downloaded. Stopped runs can be started again.

    python tools/prepare/coco.py --images train2014.zip val2014.zip --annotations annotations_trainval2014.zip \\
        --metadata coco.zip --out data/coco

The first two: https://cocodataset.org/#download. The metadata: AttnGAN's
(https://drive.google.com/open?id=1rSnbIGNDGZeHlsUlLdahj0RJ9oo6lgH9), whose vocabulary is the one that
released weights need. Annotations or metadata alone will do.
"""
import argparse
import sys

from genzoo.apis.cli import one_line_errors, progress_bars
from genzoo.datasets.prepare_coco import prepare_coco


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', required=True, nargs='+', metavar='ZIP',
                        help='train2014.zip and val2014.zip, or their unpacked folders')
    parser.add_argument('--annotations', help='annotations_trainval2014.zip, or its unpacked folder')
    parser.add_argument('--metadata', help="AttnGAN's coco.zip, or its unpacked folder")
    parser.add_argument('--out', required=True, help='folder to make, e.g. data/coco')
    parser.add_argument('--captions-per-image', type=int, default=5, help='default: %(default)s')
    parser.add_argument('--overwrite', action='store_true', help='make a complete folder again')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Prepares the data set and says what became of it."""
    args = parse_args()
    with progress_bars('image') as progress:
        report = prepare_coco(**vars(args), progress=progress)
    sys.stdout.write(f'{report.summary(args.out)}\n')


if __name__ == '__main__':
    main()
