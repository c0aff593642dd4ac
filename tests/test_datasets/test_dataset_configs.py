"""The data sets that configs can be based on read small data in their layouts."""
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from genzoo.engine import SafeRunner

from .conftest import write_image
from .labelled import ade20k, celebamask, cityscapes, deepfashion, split_folders, write_label

FOLDER = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'


def unpaired(root):
    for name in ('trainA', 'trainB', 'testA', 'testB'):
        write_image(root / name / '1.jpg', 0)


def facades(root):
    split_folders(root, [0, 12])


def folders(root, write=write_label, suffix='png'):
    for split in ('train', 'val'):
        write_image(root / f'{split}_img' / '1.jpg', 0)
        (root / f'{split}_label').mkdir()
        write(root / f'{split}_label' / f'1.{suffix}', [0, 12])


def dense(root):
    folders(root, lambda path, _: np.save(path, np.zeros((15, 30, 40))), 'npy')


@pytest.mark.parametrize(('name', 'make', 'inputs'), [
    ('unpaired_folder', unpaired, dict(img_a=(1, 3, 256, 256), img_b=(1, 3, 256, 256))),
    ('ade20k', ade20k, dict(label=(1, 1, 256, 256), img=(1, 3, 256, 256))),
    ('celebamask_hq', celebamask, dict(label=(1, 2, 256, 256), img=(1, 3, 256, 256))),
    ('cityscapes_labels', cityscapes, dict(label=(1, 1, 256, 512), img=(1, 3, 256, 512))),
    ('coco_stuff', facades, dict(label=(1, 1, 256, 256), img=(1, 3, 256, 256))),
    ('facades', facades, dict(label=(1, 1, 256, 256), img=(1, 3, 256, 256))),
    ('label_folder', folders, dict(label=(1, 1, 256, 256), img=(1, 3, 256, 256))),
    ('dense_label', dense, dict(label=(1, 15, 256, 256), img=(1, 3, 256, 256))),
    ('deepfashion_pose', deepfashion, dict(label=(1, 20, 256, 256), img=(1, 3, 256, 256)))])
def test_both_loaders_yield_batches(tmp_path, name, make, inputs):
    init_default_scope('genzoo')
    make(tmp_path)
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    for split in ('train', 'val'):
        loader = cfg[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        loader['global_batch_size' if split == 'train' else 'batch_size'] = 1
        for key in ('data_root', 'label_dir', 'image_dir'):
            if key in loader.dataset:
                own = loader.dataset[key].split('/', 2)[2:] if key != 'data_root' else []
                loader.dataset[key] = str(tmp_path.joinpath(*own))
        batch = next(iter(SafeRunner.build_dataloader(loader, seed=0)))
        assert {key: tuple(value.shape) for key, value in batch['inputs'].items()} == inputs
