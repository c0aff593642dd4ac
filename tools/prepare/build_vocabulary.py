"""Writes captions.pickle (word ids and vocabulary) of a data set from its text files.

    python tools/prepare/build_vocabulary.py data/birds --captions-per-image 10

The folder holds train/filenames.pickle, test/filenames.pickle and text/<key>.txt.
"""
import argparse
import sys

from genzoo.apis.cli import one_line_errors, progress_bars
from genzoo.datasets.caption_folder import build_vocabulary


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', help='e.g. data/birds')
    parser.add_argument('--captions-per-image', type=int, required=True, help='10 for CUB, 5 for COCO')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing captions.pickle')
    return parser.parse_args()


@one_line_errors()
def main() -> None:
    """Builds the vocabulary and says how many words it has."""
    args = parse_args()
    with progress_bars('image') as progress:
        num_words = build_vocabulary(**vars(args), progress=progress)
    sys.stdout.write(f'{args.data_root}/captions.pickle: {num_words} words\n')


if __name__ == '__main__':
    main()
