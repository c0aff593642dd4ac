"""Makes CUB-200-2011 with captions of the archives as they are downloaded. Stopped runs can be started again.

    python tools/prepare/cub.py --images CUB_200_2011.tgz --captions birds.zip --out data/birds

The pictures: https://www.vision.caltech.edu/datasets/cub_200_2011/. The captions: AttnGAN's metadata
(https://drive.google.com/open?id=1O_LtUP9sch09QH3s_EBAgLEctBQ5JBSJ), whose vocabulary is the one that
released weights need, or only text files, such as Reed's cvpr2016_cub.
"""
import argparse
import sys

from genzoo.apis.cli import one_line_errors, progress_bars
from genzoo.datasets.prepare_cub import prepare_cub


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', required=True, help='CUB_200_2011.tgz, or its unpacked folder')
    parser.add_argument('--captions', required=True,
                        help="AttnGAN's birds.zip or its folder; or text files <class>/<name>.txt, folder or archive")
    parser.add_argument('--out', required=True, help='folder to make, e.g. data/birds')
    split = parser.add_mutually_exclusive_group()
    split.add_argument('--splits', metavar='FOLDER',
                       help='{train,test}/filenames.pickle, where they do not come with the captions')
    split.add_argument('--test-classes', metavar='FILE', help='classes for testing, one a line; others: training')
    parser.add_argument('--captions-per-image', type=int, default=10, help='default: %(default)s')
    parser.add_argument('--overwrite', action='store_true', help='make a complete folder again')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Prepares the data set and says what became of it."""
    args = parse_args()
    with progress_bars('image') as progress:
        report = prepare_cub(**vars(args), progress=progress)
    sys.stdout.write(f'{report.summary(args.out)}\n')


if __name__ == '__main__':
    main()
