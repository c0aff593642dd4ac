"""Trains what a config describes."""
import argparse
import os
from pathlib import Path

from mmengine.config import Config
from torch import distributed

from genzoo.apis.cli import CfgOptions, one_line_errors
from genzoo.apis.config import load_config
from genzoo.apis.precision import use_autocast
from genzoo.engine import forget_last_checkpoint, last_checkpoint, require_unused
from genzoo.errors import ConfigError, WeightsError
from genzoo.registry import RUNNERS
from genzoo.utils import require_file, require_folder_to_fill

MAX_SEED = 2**32  # what NumPy takes
USED = 'Give --resume to go on, another --work-dir, or --overwrite to start anew.'


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a config file, e.g. configs/ssagan/ssagan_cub.py')
    parser.add_argument('--work-dir', help='for checkpoints and logs; default: work_dirs/<config name>')
    parser.add_argument('--resume', nargs='?', const='auto', metavar='CKPT',
                        help='go on exactly, from the last checkpoint of the work dir (if any) or from CKPT')
    parser.add_argument('--overwrite', action='store_true',
                        help='start anew in a work dir that holds checkpoints, and replace those of the same names')
    parser.add_argument('--load-from', metavar='CKPT', help='start a new run from the weights of CKPT')
    parser.add_argument('--amp', nargs='?', const='bf16', choices=['bf16', 'fp16'],
                        help='mixed precision; fp16 needs a GPU')
    parser.add_argument('--seed', type=int, help='in place of the config\'s')
    parser.add_argument('--deterministic', action='store_true', help='deterministic algorithms on GPUs, too')
    parser.add_argument('--cfg-options', nargs='+', action=CfgOptions, metavar='KEY=VALUE',
                        help='change single values, e.g. train_dataloader.global_batch_size=8')
    parser.add_argument('--launcher', default='none', choices=['none', 'pytorch', 'slurm', 'mpi'],
                        help='who starts the processes; see dist_train.sh and slurm_train.sh')
    return parser.parse_args()


def resume(cfg: Config, checkpoint: str) -> None:
    """Makes a config go on from a checkpoint.

    Args:
        cfg: whose ``work_dir`` is known.
        checkpoint: a path, or ``'auto'`` for the last one of the work dir; the first run, which
            finds none, starts from the config's own ``load_from``.
    """
    found = last_checkpoint(cfg.work_dir) if checkpoint == 'auto' else checkpoint
    cfg.resume = found is not None or cfg.get('load_from') is None
    if found is not None:
        cfg.load_from = str(found)


def configure(args: argparse.Namespace) -> Config:
    """The config with what the command line says.

    Raises:
        ConfigError: see :func:`genzoo.apis.config.load_config`; options exclude each other; or the work dir cannot be
            written to, or holds an earlier run that is neither resumed nor to be overwritten.
    """
    cfg = load_config(args.config, args.cfg_options)
    if args.resume and args.load_from:
        raise ConfigError('--resume goes on with a run, --load-from starts a new one: choose one of them.')
    if args.resume and args.overwrite:
        raise ConfigError('--resume goes on with a run, --overwrite starts it anew: choose one of them.')
    if cfg.get('train_cfg') is None:
        raise ConfigError(f'{args.config}: has no train_cfg, there is nothing to train.')
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'./work_dirs/{Path(args.config).stem}'
    require_folder_to_fill(cfg.work_dir)
    if args.resume:
        if args.resume != 'auto' and not Path(args.resume).is_dir():  # DeepSpeed's checkpoints are folders
            require_file(args.resume, 'the checkpoint to go on from', 'Check the path.', WeightsError)
        resume(cfg, args.resume)
    elif args.load_from:
        require_file(args.load_from, 'the file of weights', 'Check the path.', WeightsError)
        cfg.resume, cfg.load_from = False, args.load_from
    if not (args.resume or args.overwrite or cfg.get('resume')):
        require_unused(cfg.work_dir, USED)
    randomness = dict(dict(seed=None), **(cfg.get('randomness') or {}))  # mmengine wants a seed, be it none
    if args.seed is not None:
        randomness['seed'] = args.seed
    seed = randomness.get('seed')
    if seed is not None and not (isinstance(seed, int) and 0 <= seed < MAX_SEED):
        raise ConfigError(f'randomness.seed={seed}: must be a whole number from 0 to {MAX_SEED - 1}.')
    if args.deterministic:
        randomness['deterministic'] = True
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
    cfg.randomness = randomness
    if args.amp:
        use_autocast(cfg.optim_wrapper, args.amp)
    return cfg


@one_line_errors()
def main() -> None:
    """Trains; see --help."""
    args = parse_args()
    runner = RUNNERS.build(configure(args))
    if args.overwrite:
        forget_last_checkpoint(runner.work_dir)
    runner.train()
    if distributed.is_initialized():
        distributed.destroy_process_group()


if __name__ == '__main__':
    main()
