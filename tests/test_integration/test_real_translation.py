"""Photographs, and others in other colours, from two folders to trained networks and translated pictures."""
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage import data as photographs
from test_tools.running import run_tool

ROOT = Path(__file__).parents[2]
SOURCES, TARGETS = ('astronaut', 'chelsea', 'coffee'), ('rocket', 'hubble_deep_field', 'immunohistochemistry')
COUNTS = dict(trainA=6, trainB=4, testA=3, testB=5)
SIDES = (96, 72)  # width and height of a crop
CONFIG = f'''
_base_ = '{ROOT}/configs/monce/monce_cut_horse2zebra.py'
model = dict(generator=dict(base_channels=4, num_blocks=2), discriminator=dict(base_channels=4, num_layers=2),
             patch_sampler=dict(nc=16), nce_layers=(0, 4, 8, 12), num_patches=64, entropy_interval=2)
train_cfg = dict(max_epochs=2, val_interval=2)
param_scheduler = [dict(type='LinearLR', begin=0, end=2, start_factor=1.0, end_factor=1 / 2)]
custom_hooks = [dict(type='LoadSizeSwitchHook', num_epochs=1),
                dict(type='SampleImagesHook', interval=3, num_samples=2)]
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=1))
stub = dict(type='StubFeatures', channels=8, seed=0)
load, pack = dict(type='LoadImages', keys=['img_a', 'img_b']), dict(type='PackUnpairedImages')
alone = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(global_batch_size=2, **alone, dataset=dict(
    data_root='{{data}}',
    pipeline=[load, dict(type='ResizeRandomCropFlip', load_size=72, crop_size=64, flip_prob=0.5), pack]))
val_dataloader = dict(**alone, dataset=dict(
    data_root='{{data}}',
    pipeline=[load, dict(type='ResizeRandomCropFlip', load_size=64, crop_size=64, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
val_evaluator = [dict(type='FID', network=stub)]
test_evaluator = [
    *val_evaluator, dict(type='KID', network=stub, num_subsets=4, max_subset_size=3),
    dict(type='DensityCoverage', network=stub, nearest_k=2), dict(type='SlicedWassersteinDistance'),
    dict(type='SaveTranslations', out_dir='{{out}}',
         folders=dict(source_img='real_A', fake_img='fake_B', gt_img='real_B'))]
'''


def _crops(names, count, rng):
    """Crops of photographs, in turn of each, then shuffled."""
    scenes = [Image.fromarray(getattr(photographs, name)()) for name in names]
    crops = []
    for number in range(count):
        scene = scenes[number % len(scenes)]
        left, top = (int(rng.integers(0, whole - side + 1)) for whole, side in zip(scene.size, SIDES))
        crops.append(scene.crop((left, top, left + SIDES[0], top + SIDES[1])))
    return [crops[place] for place in rng.permutation(count)]


def _in_other_colours(picture):
    red, green, blue = ImageOps.invert(picture).split()
    return Image.merge('RGB', (blue, red, green))


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp('data') / 'recoloured', np.random.default_rng(0)
    for folder, count in COUNTS.items():
        (root / folder).mkdir(parents=True)
        domain_a = folder.endswith('A')
        for number, crop in enumerate(_crops(SOURCES if domain_a else TARGETS, count, rng)):
            (crop if domain_a else _in_other_colours(crop)).save(root / folder / f'{number}.jpg', quality=95)
    return root


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_photographs_of_two_domains_go_from_folders_to_translations(data, monkeypatch, capsys, tmp_path):
    def tool(name, *arguments):
        status, _, errors = run_tool(monkeypatch, capsys, name, *arguments)
        assert status == 0, errors

    config, work_dir, judged, out = (tmp_path / name for name in ('cut.py', 'run', 'judged', 'out'))
    config.write_text(CONFIG.format(data=data, out=judged))
    tool('train.py', config, '--work-dir', work_dir)
    assert Image.open(work_dir / 'samples' / 'iter_6.png').size == (2 * 132 + 4, 2 * 129 + 8)
    checkpoint = work_dir / 'epoch_2.pth'

    tool('test.py', config, checkpoint, '--work-dir', tmp_path / 'test', '--out', tmp_path / 'results.json')
    results = json.loads((tmp_path / 'results.json').read_text())
    for metric in ('FID', 'KID', 'DensityCoverage'):
        counts = (results[f'{metric}/num_fake'], results[f'{metric}/num_real'])
        assert counts == (COUNTS['testA'], COUNTS['testB']), metric
    assert results['FID/fid'] > 0
    assert results['SlicedWassersteinDistance/swd'] > 0
    for folder, domain in (('real_A', 'testA'), ('fake_B', 'testA'), ('real_B', 'testB')):
        assert _names(judged / folder) == [f'{number}.png' for number in range(COUNTS[domain])]
        assert all(Image.open(path).size == (64, 64) for path in (judged / folder).iterdir())

    tool('infer.py', 'monce', '--config', config, '--checkpoint', checkpoint, '--input', data / 'testA',
         '--out-dir', out, '--device', 'cpu', '--no-progress')
    assert _names(out) == [f'{number}.png' for number in range(COUNTS['testA'])]
    pictures = [np.asarray(Image.open(path)) for path in sorted(out.iterdir())]
    assert all(picture.shape == (*SIDES[::-1], 3) for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
