"""Writes model_zoo.md from model-index.yml and the metafiles, after comparing them with the repository.

    python tools/model_zoo.py
    python tools/model_zoo.py --check    # writes nothing; status 1 if the page is stale
"""
import argparse
import sys

from genzoo.apis.cli import one_line_errors
from genzoo.apis.zoo import REPOSITORY, check_zoo, read_zoo
from genzoo.apis.zoo_page import model_zoo_page
from genzoo.errors import ConfigError
from genzoo.utils import atomic_write, require_writable

PAGE = REPOSITORY / 'model_zoo.md'


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='only say whether the page is up to date')
    return parser.parse_args(argv)


@one_line_errors()
def main(argv: list[str] | None = None) -> None:
    """Writes or compares."""
    args = parse_args(argv)
    if not args.check:
        require_writable([PAGE], overwrite=True)
    zoo = read_zoo()
    check_zoo(zoo)
    page = model_zoo_page(zoo)
    if not args.check:
        with atomic_write(PAGE, 'w', encoding='utf-8') as file:
            file.write(page)
    elif not PAGE.is_file() or PAGE.read_text(encoding='utf-8') != page:
        raise ConfigError(f'{PAGE}: is stale. Write it again: python tools/model_zoo.py')
    sys.stdout.write(f'{PAGE}: up to date\n')


if __name__ == '__main__':
    main()
