"""The embedded toy run: DAMSM, SSA-GAN and its no-text ablation, judged and shown.

Trains on coloured shapes drawn in memory, on the CPU, in about five minutes on two cores.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from genzoo.apis import TextToImageInferencer
from genzoo.apis.cli import one_line_errors
from genzoo.apis.config import load_config
from genzoo.apis.toy_report import CHANCE, ssagan_toy_report
from genzoo.engine import require_unused
from genzoo.errors import TrainingError
from genzoo.utils import require_folder_to_fill

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / 'configs' / 'ssagan'
DAMSM, GENERATORS = 'damsm_toy', ('ssagan_toy', 'ssagan_toy_no-text')
ROWS = {
    'colour': 'colour as the caption says', 'background': 'background', 'size': 'size',
    'caption_top1': 'own caption first among 108', 'mask_correlation': 'last mask ~ shape',
    'mask_correlation_previous': 'last but one mask ~ shape',
    'change_inside_mean': 'colour edit inside shapes', 'mask_effect': 'effect of flat masks',
}
CAPTIONS = [f'a {size} {colour} {shape} on a {background} background' for size, colour, shape, background in (
    ('large', 'red', 'circle', 'black'), ('large', 'green', 'square', 'white'), ('large', 'blue', 'cross', 'grey'),
    ('small', 'yellow', 'circle', 'black'), ('large', 'purple', 'square', 'white'),
    ('small', 'cyan', 'circle', 'grey'))]


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/demo'))
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--iters', type=int, default=800, help='of each generator')
    parser.add_argument('--damsm-iters', type=int, default=300)
    parser.add_argument('--overwrite', action='store_true', help='train anew in the folder of an earlier demo')
    return parser.parse_args()


def say(text: str) -> None:
    """A line for the user."""
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


class Training:
    """A run of tools/train.py on a toy config, its output going to a log.

    Args:
        name: of the config.
        work_dir: of the demo.
        seed, iters: of the run.
        threads: that it may use.
        options: further ``--cfg-options``.
    """

    def __init__(self, name: str, work_dir: Path, seed: int, iters: int, threads: int, options: list[str]) -> None:
        self.log, self.checkpoint = work_dir / f'{name}.log', work_dir / name / f'iter_{iters}.pth'
        say(f'training {name}: {iters} iterations, log in {self.log}')
        command = [sys.executable, str(ROOT / 'tools' / 'train.py'), str(CONFIGS / f'{name}.py'),
                   '--work-dir', str(work_dir / name), '--overwrite', '--seed', str(seed), '--cfg-options',
                   f'train_cfg.max_iters={iters}', f'train_cfg.val_interval={iters}', *options]
        self.name, self.start = name, time.time()
        with open(self.log, 'w') as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                                            env=dict(os.environ, OMP_NUM_THREADS=str(threads)))

    def finish(self) -> Path:
        """Waits, and returns the last checkpoint.

        Raises:
            TrainingError: it failed.
        """
        if self.process.wait():
            reason = self.log.read_text().strip().splitlines()[-1]
            raise TrainingError(f'{self.log}: training {self.name} failed: {reason}')
        say(f'  {self.name} took {time.time() - self.start:.0f} s')
        return self.checkpoint


def report(name: str, checkpoint: Path, damsm: Path) -> dict[str, float]:
    """The toy criteria of a generator, with the DAMSM of this run as the judge."""
    config = load_config(CONFIGS / f'{name}.py')
    for encoder in ('text_encoder', 'image_encoder'):
        config.val_evaluator[0][encoder].pretrained = str(damsm)
    return ssagan_toy_report(config, checkpoint)


def table(full: dict[str, float], without_text: dict[str, float]) -> str:
    """Three columns of results under their names."""
    lines = [f'{"":34}{"SSA-GAN":>9}{"no text":>9}{"chance":>9}']
    for key, title in ROWS.items():
        chance = f'{CHANCE[key]:9.2f}' if key in CHANCE else f'{"-":>9}'
        lines.append(f'{title:34}{full[key]:9.2f}{without_text[key]:9.2f}{chance}')
    lines.append(f'{"own caption first, real images":34}{full["caption_top1_real"]:9.2f}')
    return '\n'.join(lines)


@one_line_errors()
def main() -> None:
    """Trains, samples, evaluates and says where the pictures are."""
    args = parse_args()
    work_dir = args.work_dir.resolve()
    require_folder_to_fill(work_dir)
    for name in (() if args.overwrite else (DAMSM, *GENERATORS)):
        require_unused(work_dir / name, 'Choose another --work-dir, or give --overwrite to train anew.')
    work_dir.mkdir(parents=True, exist_ok=True)
    cores = os.cpu_count() or 1
    damsm = Training(DAMSM, work_dir, args.seed, args.damsm_iters, cores, []).finish()
    use_damsm = [f'{owner}.{encoder}.pretrained={damsm}' for owner in ('model', 'val_evaluator.0')
                 for encoder in ('text_encoder', 'image_encoder')]
    runs = [Training(name, work_dir, args.seed, args.iters, max(1, cores // 2), use_damsm)
            for name in GENERATORS]  # side by side
    checkpoints = {run.name: run.finish() for run in runs}
    reports = [report(name, checkpoint, damsm) for name, checkpoint in checkpoints.items()]
    say('\n' + table(*reports) + '\n')
    inferencer = TextToImageInferencer(CONFIGS / 'ssagan_toy.py', checkpoints['ssagan_toy'], device='cpu')
    pictures = work_dir / 'pictures'
    inferencer(CAPTIONS, num=6, out_dir=pictures, masks=True, overwrite=True, progress=False)
    say(f'pictures: {pictures / "sheet.png"} (images and masks beside it)\n'
        f'samples during training: {work_dir / "ssagan_toy" / "samples"}\n'
        f'curves: tensorboard --logdir {work_dir}')


if __name__ == '__main__':
    main()
