"""Computes the metrics of a checkpoint."""
import argparse
import json
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.dist import is_main_process
from torch import distributed

from genzoo.apis.cli import one_line_errors
from genzoo.apis.config import load_config
from genzoo.errors import ConfigError
from genzoo.registry import RUNNERS
from genzoo.utils import atomic_write

TEST_PARTS = ('test_cfg', 'test_dataloader', 'test_evaluator')


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a config file, e.g. configs/ssagan/ssagan_cub.py')
    parser.add_argument('checkpoint', help='a checkpoint of training, or converted weights')
    parser.add_argument('--work-dir', help='for logs; default: work_dirs/<config name>')
    parser.add_argument('--metrics', nargs='+', metavar='NAME', help='only these, by type or prefix')
    parser.add_argument('--out', help='a JSON file; default: metrics_<checkpoint>.json in the work dir')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='change single values, e.g. test_dataloader.batch_size=8')
    parser.add_argument('--launcher', default='none', choices=['none', 'pytorch', 'slurm', 'mpi'],
                        help='who starts the processes; see dist_test.sh')
    return parser.parse_args()


def choose_metrics(evaluator: Any, names: list[str]) -> list[dict]:
    """The metrics whose type or prefix starts with one of ``names``, whatever the case.

    Args:
        evaluator: a config's ``test_evaluator``: one metric, a list, or an Evaluator of them.

    Raises:
        ConfigError: a name fits no metric.
    """
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', evaluator)
    metrics = evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]
    labels = [[str(metric['type']).rpartition('.')[2], metric.get('prefix') or ''] for metric in metrics]
    fits = {name: [any(label.lower().startswith(name.lower()) for label in both if label) for both in labels]
            for name in names}
    for name, found in fits.items():
        if not any(found):
            valid = ', '.join(label for label, _ in labels)
            raise ConfigError(f'--metrics {name}: the config has no such metric; it has {valid}.')
    return [metric for number, metric in enumerate(metrics) if any(found[number] for found in fits.values())]


def configure(args: argparse.Namespace) -> Config:
    """The config with what the command line says.

    Raises:
        ConfigError: the config has no test part; or see :func:`choose_metrics`.
    """
    cfg = load_config(args.config, args.cfg_options)
    missing = [part for part in TEST_PARTS if cfg.get(part) is None]
    if missing:
        raise ConfigError(f'{args.config}: has no {", ".join(missing)}, there is nothing to test.')
    if args.metrics:
        cfg.test_evaluator = choose_metrics(cfg.test_evaluator, args.metrics)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'./work_dirs/{Path(args.config).stem}'
    cfg.resume, cfg.load_from = False, args.checkpoint
    return cfg


@one_line_errors()
def main() -> None:
    """Tests; see --help."""
    args = parse_args()
    cfg = configure(args)
    metrics = RUNNERS.build(cfg).test()
    text = json.dumps(metrics, indent=2, default=float)
    if is_main_process():
        out = Path(args.out or Path(cfg.work_dir) / f'metrics_{Path(args.checkpoint).stem}.json')
        with atomic_write(out, 'w') as file:
            file.write(text + '\n')
        print(f'{text}\nsaved to {out}')
    if distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == '__main__':
    main()
