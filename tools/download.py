"""Fetches weights of the model zoo: verified, converted to a genzoo checkpoint, with the next command.

    python tools/download.py --list
    python tools/download.py ssagan_toy

Exit status: 0 if the checkpoint is there, 3 if something is left to fetch by hand, 1 if something is wrong. What was
interrupted goes on where it stopped when the same command is given again.
"""
import argparse
import sys
from pathlib import Path

from genzoo.apis.cli import one_line_errors
from genzoo.apis.download import Plan, download, listing
from genzoo.apis.zoo import MODEL_INDEX, read_zoo

BY_HAND_LEFT = 3


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', nargs='?', help='a name that --list shows')
    parser.add_argument('--list', action='store_true', help='list all names')
    parser.add_argument('--root', type=Path, default=Path('.'),
                        help='folder that downloads go below; configs expect the one they are run in (default)')
    parser.add_argument('--overwrite', action='store_true', help='fetch and convert again what is there')
    parser.add_argument('--index', type=Path, default=MODEL_INDEX, help='another model-index.yml')
    args = parser.parse_args(argv)
    if (args.name is None) != args.list:
        parser.error('give a name or --list')
    return args


def _say(line: str) -> None:
    sys.stdout.write(f'{line}\n')
    sys.stdout.flush()


@one_line_errors()
def main(argv: list[str] | None = None) -> None:
    """Lists or fetches."""
    args = parse_args(argv)
    zoo = read_zoo(args.index)
    if args.list:
        for line in listing(zoo):
            _say(line)
    elif not download(zoo, args.name, Plan(args.root, args.overwrite), _say):
        sys.exit(BY_HAND_LEFT)


if __name__ == '__main__':
    main()
