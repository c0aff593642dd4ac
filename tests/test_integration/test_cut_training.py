"""The shipped config of unpaired translation, made small, on folders of photographs."""
import os
import signal

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from PIL import Image
from skimage import data as photographs

from genzoo.apis.config import load_config
from genzoo.registry import RUNNERS
from genzoo.utils import open_checkpoint

SMALL = dict(
    model=dict(
        generator=dict(base_channels=4, num_blocks=2), discriminator=dict(base_channels=4, num_layers=1),
        patch_sampler=dict(nc=8), nce_layers=(0, 4, 8, 12), num_patches=16, loss_contrast=dict(num_patches=16)),
    train_dataloader=dict(num_workers=0, persistent_workers=False, global_batch_size=2, pin_memory=False),
    train_cfg=dict(max_epochs=3, val_interval=9), visualizer=dict(vis_backends=[]),
    default_hooks=dict(checkpoint=dict(interval=1), logger=dict(interval=1)), randomness=dict(seed=3))
SWITCH = [dict(type='LoadSizeSwitchHook', num_epochs=1)]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Crops of photographs, and of others in other colours."""
    root = tmp_path_factory.mktemp('photographs')
    scenes = dict(trainA=photographs.astronaut(), trainB=255 - photographs.coffee())
    rng = np.random.default_rng(0)
    for folder, scene in scenes.items():
        (root / folder).mkdir()
        for number in range(4 if folder == 'trainA' else 3):
            top, left = rng.integers(0, 300, 2)
            Image.fromarray(scene[top:top + 48, left:left + 64]).save(root / folder / f'{number}.png')
    return root


def small_config(root, work_dir, **settings):
    cfg = load_config('configs/monce/monce_fastcut_horse2zebra.py')
    cfg.merge_from_dict(dict(SMALL, work_dir=str(work_dir), experiment_name=work_dir.name, **settings))
    cfg.train_dataloader.dataset.update(data_root=str(root))
    for step in cfg.train_dataloader.dataset.pipeline:
        if step.type == 'ResizeRandomCropFlip':
            step.update(load_size=24, crop_size=16)
    cfg.param_scheduler = [dict(type='LinearLR', begin=0, end=3, start_factor=1., end_factor=1 / 3)]
    cfg.custom_hooks = SWITCH
    for loop in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            cfg.pop(f'{loop}_{part}')
    return cfg


class StopAt(Hook):
    """Asks the run to stop at an iteration, counted from 1."""

    priority = 'NORMAL'

    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.iteration:
            os.kill(os.getpid(), signal.SIGTERM)


def assert_equal(first, second, place=''):
    assert type(first) is type(second), place
    if isinstance(first, dict):
        assert first.keys() == second.keys(), place
        for key in first:
            assert_equal(first[key], second[key], f'{place}.{key}')
    elif isinstance(first, list):
        for number, pair in enumerate(zip(first, second, strict=True)):
            assert_equal(*pair, f'{place}.{number}')
    else:
        assert torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second, place


def test_a_run_stopped_within_an_epoch_and_resumed_ends_in_the_same_bits(root, tmp_path):
    RUNNERS.build(small_config(root, tmp_path / 'whole')).train()
    stopped = RUNNERS.build(small_config(root, tmp_path / 'parts'))
    stopped.register_hook(StopAt(3))
    stopped.train()
    assert (tmp_path / 'parts' / 'iter_3.pth').exists()
    assert not (tmp_path / 'parts' / 'epoch_2.pth').exists()
    RUNNERS.build(small_config(root, tmp_path / 'parts', resume=True)).train()
    whole, parts = (open_checkpoint(tmp_path / run / 'epoch_3.pth') for run in ('whole', 'parts'))
    assert set(whole['optimizer']) == {'generator', 'discriminator', 'patch_sampler'}
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        assert_equal(whole[part], parts[part], part)
