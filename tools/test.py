"""Computes the metrics of a checkpoint."""
import argparse
import json
import re
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process
from torch import distributed

from genzoo.apis.cli import CfgOptions, one_line_errors
from genzoo.apis.config import load_config
from genzoo.apis.model import without_weight_files
from genzoo.errors import ConfigError, WeightsError
from genzoo.registry import RUNNERS
from genzoo.utils import atomic_write, nearest, require_file, require_folder_to_fill, require_writable

TEST_PARTS = ('test_cfg', 'test_dataloader', 'test_evaluator')


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a config file, e.g. configs/ssagan/ssagan_cub.py')
    parser.add_argument('checkpoint', help='a checkpoint of training, or converted weights')
    parser.add_argument('--work-dir', help='for logs; default: work_dirs/<config name>')
    parser.add_argument('--metrics', nargs='+', metavar='NAME', help='only these, by type or prefix')
    parser.add_argument('--out', help='a JSON file; default: metrics_<checkpoint>.json in the work dir')
    parser.add_argument('--overwrite', action='store_true', help='replace an existing JSON file')
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions, metavar='KEY=VALUE',
                        help='change single values, e.g. test_dataloader.batch_size=8')
    parser.add_argument('--launcher', default='none', choices=['none', 'pytorch', 'slurm', 'mpi'],
                        help='who starts the processes; see dist_test.sh')
    return parser.parse_args()


def fits_metric(name: str, metric: dict) -> bool:
    """Whether a name of the command line means a metric: its type's or prefix's start, or its initials.

    >>> [fits_metric(name, dict(type='InceptionScore')) for name in ('is', 'inception_score', 'fid')]
    [True, True, False]
    """
    def plain(text: str) -> str:
        return re.sub('[^a-z0-9]', '', text.lower())

    label = str(metric['type']).rpartition('.')[2]
    initials = ''.join(letter for letter in label if letter.isupper())
    return plain(name) == plain(initials) or any(
        plain(text).startswith(plain(name)) for text in (label, metric.get('prefix') or '') if text)


def choose_metrics(evaluator: Any, names: list[str]) -> list[dict]:
    """The metrics that ``names`` mean, see :func:`fits_metric`.

    Args:
        evaluator: a config's ``test_evaluator``: one metric, a list, or an Evaluator of them.

    Raises:
        ConfigError: a name fits no metric.
    """
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', evaluator)
    metrics = evaluator if isinstance(evaluator, (list, tuple)) else [evaluator]
    for name in names:
        if not any(fits_metric(name, metric) for metric in metrics):
            valid = [str(metric['type']) for metric in metrics]
            raise ConfigError(f'--metrics {name}: the config has no such metric; it has {", ".join(valid)}; nearest: '
                              f'"{nearest(name, valid)}"')
    return [metric for metric in metrics if any(fits_metric(name, metric) for name in names)]


def configure(args: argparse.Namespace) -> Config:
    """The config with what the command line says.

    Raises:
        ConfigError: the config has no test part; see :func:`choose_metrics`; or the results cannot be written.
    """
    cfg = load_config(args.config, args.cfg_options)
    require_file(args.checkpoint, 'the file of weights', 'Check the path.', WeightsError)
    missing = [part for part in TEST_PARTS if cfg.get(part) is None]
    if missing:
        raise ConfigError(f'{args.config}: has no {", ".join(missing)}, there is nothing to test.')
    if args.metrics:
        cfg.test_evaluator = choose_metrics(cfg.test_evaluator, args.metrics)
    cfg.model = without_weight_files(cfg.model)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'./work_dirs/{Path(args.config).stem}'
    cfg.resume, cfg.load_from = False, args.checkpoint
    require_folder_to_fill(cfg.work_dir)
    require_writable([results_file(args, cfg)], args.overwrite)
    return cfg


def results_file(args: argparse.Namespace, cfg: Config) -> Path:
    """Where the results go."""
    return Path(args.out or Path(cfg.work_dir) / f'metrics_{Path(args.checkpoint).stem}.json')


def protocols(metrics: list) -> dict[str, str]:
    """What each metric's number rests on (network, resize, counts), as it was logged; by prefix."""
    return {str(metric.prefix or type(metric).__name__): metric.measured
            for metric in metrics if hasattr(metric, 'measured')}


@one_line_errors()
def main() -> None:
    """Tests; see --help."""
    args = parse_args()
    cfg = configure(args)
    runner = RUNNERS.build(cfg)
    metrics = runner.test()
    told = protocols(runner.test_loop.evaluator.metrics)
    metrics |= dict(protocols=told) if told else {}
    text = json.dumps(metrics, indent=2, default=float)
    if is_main_process():
        out = results_file(args, cfg)
        with atomic_write(out, 'w') as file:
            file.write(text + '\n')
        print(f'{text}\nsaved to {out}')
    if distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == '__main__':
    main()
