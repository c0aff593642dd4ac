"""The shipped config of paired translation, made small, on photographs with label maps in ADE20K's layout."""
import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data as photographs

from genzoo.apis.config import load_config
from genzoo.errors import DataError
from genzoo.registry import RUNNERS
from genzoo.utils import open_checkpoint

from .test_cut_training import StopAt, assert_equal

SMALL = dict(
    model=dict(
        generator=dict(base_channels=2, crop_size=32), discriminator=dict(base_channels=2),
        loss_contrast=dict(num_patches=16)),
    train_dataloader=dict(num_workers=0, persistent_workers=False, global_batch_size=2, pin_memory=False),
    train_cfg=dict(max_epochs=2, val_interval=9), visualizer=dict(vis_backends=[]), custom_hooks=[],
    default_hooks=dict(checkpoint=dict(interval=1), logger=dict(interval=1)), randomness=dict(seed=3),
    param_scheduler=[dict(type='LinearLR', begin=0, end=2, start_factor=1., end_factor=1 / 2)])


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Crops of a photograph, their brightness the class."""
    root = tmp_path_factory.mktemp('ade20k')
    rng = np.random.default_rng(0)
    for number in range(4):
        top, left = rng.integers(0, 300, 2)
        crop = photographs.astronaut()[top:top + 80, left:left + 96]
        Image.fromarray(crop).save(root / f'ADE_train_{number}.jpg')
        Image.fromarray(crop[..., 0] // 2 % 151).save(root / f'ADE_train_{number}.png')
    return root


def small_config(root, work_dir, **settings):
    cfg = load_config('configs/monce/monce_spade_ade20k.py')
    cfg.merge_from_dict(dict(SMALL, work_dir=str(work_dir), experiment_name=work_dir.name, **settings))
    cfg.model.loss_contrast.features = dict(type='RandomConvFeatures', channels=(4,) * 5, strides=(2, 2, 2, 2, 1))
    cfg.train_dataloader.dataset.update(data_root=str(root))
    for step in cfg.train_dataloader.dataset.pipeline:
        if step.type == 'PairedResizeRandomCropFlip':
            step.update(load_size=36, crop_size=32)
    for loop in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            cfg.pop(f'{loop}_{part}')
    return cfg


def test_a_run_stopped_within_an_epoch_and_resumed_ends_in_the_same_bits(root, tmp_path):
    RUNNERS.build(small_config(root, tmp_path / 'whole')).train()
    stopped = RUNNERS.build(small_config(root, tmp_path / 'parts'))
    stopped.register_hook(StopAt(3))
    stopped.train()
    assert (tmp_path / 'parts' / 'iter_3.pth').exists()
    RUNNERS.build(small_config(root, tmp_path / 'parts', resume=True)).train()
    whole, parts = (open_checkpoint(tmp_path / run / 'epoch_2.pth') for run in ('whole', 'parts'))
    assert set(whole['optimizer']) == {'generator', 'discriminator'}
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        assert_equal(whole[part], parts[part], part)
    assert whole['state_dict']['generator.head_0.norm_0.norm.num_batches_tracked'] == 8  # twice an iteration
    assert torch.isfinite(whole['state_dict']['generator.conv_img.weight']).all()


def test_another_number_of_classes_is_refused_before_training(root, tmp_path):
    networks = dict(generator=dict(label_channels=150), discriminator=dict(label_channels=150))
    runner = RUNNERS.build(small_config(root, tmp_path / 'run', model=SMALL['model'] | {
        name: SMALL['model'][name] | cfg for name, cfg in networks.items()}))
    with pytest.raises(DataError, match='has 151 classes, the networks were built for 150. Set label_channels=151'):
        runner.train()


def test_edges_of_cityscapes_instances_are_trained_on(tmp_path):
    for number in range(2):
        crop = photographs.astronaut()[100 * number:100 * number + 40, 100:180]
        place = tmp_path / 'gtFine' / 'train' / 'aachen' / f'aachen_{number:06d}_000019_gtFine'
        image = tmp_path / 'leftImg8bit' / 'train' / 'aachen' / f'aachen_{number:06d}_000019_leftImg8bit.png'
        for path in (place, image):
            path.parent.mkdir(parents=True, exist_ok=True)
        label = crop[..., 0] // 8
        Image.fromarray(crop).save(image)
        Image.fromarray(label).save(f'{place}_labelIds.png')
        Image.fromarray(np.where(label > 23, label * np.uint16(1000), label)).save(f'{place}_instanceIds.png')
    cfg = small_config(tmp_path, tmp_path / 'run', train_cfg=dict(max_epochs=1, val_interval=9))
    data = load_config('configs/_base_/datasets/cityscapes_labels.py').train_dataloader.dataset
    data.pipeline[2].update(crop_size=64)
    cfg.train_dataloader.dataset = dict(data, data_root=str(tmp_path), instances=True)
    cfg.model.update(instance_edges=True)
    cfg.model.generator.update(label_channels=36, crop_size=64, aspect_ratio=2.)
    cfg.model.discriminator.update(label_channels=36)
    RUNNERS.build(cfg).train()
    weights = open_checkpoint(tmp_path / 'run' / 'epoch_1.pth')['state_dict']
    assert weights['generator.fc.weight'].shape[1] == 36
    assert weights['generator.fc.weight'].isfinite().all()


@pytest.mark.slow
def test_the_toy_learns_colours_of_classes_and_where_they_are(tmp_path):
    cfg = load_config('configs/monce/monce_spade_toy.py')
    alone = dict(num_workers=0, persistent_workers=False)
    cfg.merge_from_dict(dict(work_dir=str(tmp_path), custom_hooks=[], train_cfg=dict(max_iters=100, val_interval=1000),
                             train_dataloader=alone, val_dataloader=alone))
    runner = RUNNERS.build(cfg)
    runner.train()
    found = runner.val()
    assert found['StripedClasses/colour_accuracy'] >= 0.9
    assert found['StripedClasses/colour_error'] <= 0.25
