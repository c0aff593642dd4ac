"""Keeps of a training checkpoint what others need: weights and vocabulary, not the optimisers.

    python tools/publish_checkpoint.py work_dirs/ssagan_toy/iter_800.pth checkpoints/ssagan_toy.pth
"""
import argparse
import hashlib
import sys
from pathlib import Path

from genzoo.apis.cli import one_line_errors
from genzoo.errors import WeightsError
from genzoo.utils import open_checkpoint, require_writable, save_checkpoint

KEPT_META = ('iter', 'seed', 'experiment_name', 'dataset_meta', 'paper')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('output', type=Path)
    parser.add_argument('--networks', nargs='+', metavar='NAME',
                        help='keep only these children of the model, e.g. generator text_encoder')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing output')
    return parser.parse_args(argv)


@one_line_errors()
def main(argv: list[str] | None = None) -> None:
    """Writes the smaller file and prints its size and SHA-256."""
    args = parse_args(argv)
    require_writable([args.output], args.overwrite)
    content = open_checkpoint(args.checkpoint)
    if not isinstance(content, dict) or 'state_dict' not in content:
        raise WeightsError(f'{args.checkpoint}: not a training checkpoint, it has no state_dict.')
    state = {key: value for key, value in content['state_dict'].items()
             if not args.networks or key.partition('.')[0] in args.networks}
    meta = {key: content['meta'][key] for key in KEPT_META if key in content.get('meta', {})}
    save_checkpoint(dict(meta=meta, state_dict=state), args.output)
    digest = hashlib.sha256(args.output.read_bytes()).hexdigest()
    sys.stdout.write(f'{args.output}: {args.output.stat().st_size / 1e6:.1f} MB, SHA-256 {digest}\n')


if __name__ == '__main__':
    main()
