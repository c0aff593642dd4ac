"""Real files in the layouts of the releases, and the tools as a user calls them."""
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.converters import ssagan as converter
from genzoo.registry import MODELS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='session')
def run_tool():
    """Calls a tool of the repository; returns its result, with stdout and stderr as one text."""

    def run(tool, *args, cwd=ROOT, ok=True, timeout=500):
        env = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT))
        result = subprocess.run([sys.executable, str(ROOT / 'tools' / tool), *map(str, args)], cwd=cwd, env=env,
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        if ok:
            assert result.returncode == 0, result.stdout[-3000:]
        return result

    return run


def _write_images(folder: Path, keys):
    rng = np.random.default_rng(0)
    for key in keys:
        path = folder / f'{key}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        blocks = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(blocks.repeat(16, 0).repeat(16, 1)).save(path)


def _write_captions(root: Path, num_words: int, counts: dict, per_image: int):
    words = ['<end>', *(f'word{i}' for i in range(1, num_words))]
    rng = np.random.default_rng(1)
    splits = [[rng.integers(1, num_words, rng.integers(3, 22)).tolist() for _ in range(count * per_image)]
              for count in counts.values()]
    content = [*splits, dict(enumerate(words)), {word: i for i, word in enumerate(words)}]
    (root / 'captions.pickle').write_bytes(pickle.dumps(content, protocol=2))


@pytest.fixture(scope='session')
def cub(tmp_path_factory):
    """A few birds in AttnGAN's layout of CUB-200-2011, ten captions each, 5,450 words."""
    root = tmp_path_factory.mktemp('cub') / 'birds'
    names = [f'{i:03d}.Bird_{i}/Bird_{i}_{j:04d}_{i * 10 + j}' for i in (1, 2, 3) for j in (1, 2)]
    splits = dict(train=names[:4], test=names[4:])
    _write_images(root / 'CUB_200_2011' / 'images', names)
    for split, keys in splits.items():
        (root / split).mkdir()
        (root / split / 'filenames.pickle').write_bytes(pickle.dumps(keys, protocol=2))
        classes = [int(key[:3]) for key in keys]
        (root / split / 'class_info.pickle').write_bytes(pickle.dumps(classes, protocol=2))
    rows = list(enumerate(names, 1))
    (root / 'CUB_200_2011' / 'images.txt').write_text(''.join(f'{i} {name}.jpg\n' for i, name in rows))
    (root / 'CUB_200_2011' / 'bounding_boxes.txt').write_text(
        ''.join(f'{i} 60.0 27.0 180.0 150.0\n' for i, _ in rows))
    _write_captions(root, 5450, {split: len(keys) for split, keys in splits.items()}, 10)
    return root


@pytest.fixture(scope='session')
def released_encoders(tmp_path_factory):
    """text_encoder200.pth and image_encoder200.pth as AttnGAN releases them, with random weights."""
    folder = tmp_path_factory.mktemp('DAMSMencoders') / 'bird'
    folder.mkdir()
    torch.manual_seed(0)
    for part, cfg in (('text_encoder', dict(type='DAMSMTextEncoder', vocab_size=5450)),
                      ('image_encoder', dict(type='DAMSMImageEncoder'))):
        state = MODELS.build(cfg).state_dict()
        torch.save(converter.from_genzoo(part, state), folder / f'{part}200.pth')
    return folder


@pytest.fixture(scope='session')
def released_generator(tmp_path_factory):
    """netG_500.pth of half the width, as the release writes it, with random weights."""
    torch.manual_seed(0)
    state = MODELS.build(dict(type='SSACNGenerator', base_channels=32)).state_dict()
    path = tmp_path_factory.mktemp('release') / 'netG_500.pth'
    torch.save(converter.from_genzoo('generator', state), path)
    return path
