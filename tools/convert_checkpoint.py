"""Turns released files into a genzoo checkpoint, or back.

    python tools/convert_checkpoint.py ssagan netG_500.pth text_encoder200.pth captions.pickle work/ssagan_cub.pth
    python tools/convert_checkpoint.py ssagan --to-released work/ssagan_cub.pth released/
    python tools/convert_checkpoint.py monce latest_net_G.pth latest_net_D.pth latest_net_F.pth work/monce_cut.pth
"""
import argparse
import sys
from pathlib import Path

from genzoo.apis.cli import one_line_errors
from genzoo.apis.convert import CONVERTERS
from genzoo.errors import ConfigError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('paper', choices=sorted(CONVERTERS))
    parser.add_argument('paths', nargs='+', type=Path, metavar='PATH', help='input files, then the output')
    parser.add_argument('--to-released', action='store_true', help='from a genzoo checkpoint to released files')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing output')
    return parser.parse_args(argv)


@one_line_errors()
def main(argv: list[str] | None = None) -> None:
    """Converts and reports."""
    args = parse_args(argv)
    *inputs, output = args.paths
    if not inputs:
        raise ConfigError(f'{output}: only one path was given. Give input files, then the output.')
    convert, release = CONVERTERS[args.paper]
    if args.to_released:
        if len(inputs) > 1:
            raise ConfigError(f'{inputs[1]}: --to-released takes one checkpoint and an output folder.')
        report = release(inputs[0], output, args.overwrite)
    else:
        report = convert(inputs, output, args.overwrite)
    sys.stdout.write('\n'.join([*report, f'written to {output}']) + '\n')


if __name__ == '__main__':
    main()
