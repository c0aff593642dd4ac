"""What mmagic 1.2.0 needs to be imported today, and what the tests share.

Runs by ``make test-mmagic`` in an environment of its own, see requirements/mmagic.txt.
"""
import os
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('HF_HUB_OFFLINE', '1')

import numpy as np
import pytest
import torch
from PIL import Image

torch.set_num_threads(1)
ROOT = Path(__file__).parents[1]


class CompiledOperators(types.ModuleType):
    """In place of ``mmcv._ext``, which mmcv-lite lacks: importable, but no operator can be run.

    mmcv computes in plain PyTorch on a CPU what mmagic's StyleGAN2 uses of it.
    """

    def __getattr__(self, name: str):
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args, **kwargs):
            raise NotImplementedError(f'mmcv._ext.{name}: mmcv-lite has no compiled operators')
        return missing


operators = CompiledOperators('mmcv._ext')
operators.__spec__ = ModuleSpec('mmcv._ext', None)  # without a loader mmengine takes it for absent
sys.modules.setdefault('mmcv._ext', operators)
sys.path.insert(0, str(ROOT / 'examples' / 'genzoo_plugin_ragan'))

from mmagic.utils import register_all_modules

register_all_modules(init_default_scope=False)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def save_pictures(folder: Path, size: int, count: int = 8) -> Path:
    """A folder of PNG files of smooth colours, ``size`` pixels square."""
    folder.mkdir(parents=True)
    rng = np.random.RandomState(0)
    for number in range(count):
        coarse = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        coarse.resize((size, size), Image.Resampling.BICUBIC).save(folder / f'{number:02d}.png')
    return folder


@pytest.fixture(name='save_pictures')
def _save_pictures():
    return save_pictures
