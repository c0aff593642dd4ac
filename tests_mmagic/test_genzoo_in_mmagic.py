"""Configs that mmagic ships train with genzoo's components, run by mmengine's own Runner."""
from pathlib import Path

import mmagic
import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.runner import Runner

SHIPPED = Path(mmagic.__file__).parent / '.mim' / 'configs'


def shipped(name: str, work_dir: Path, iterations: int = 2) -> Config:
    """A config of mmagic's wheel, cut to a few iterations on this machine."""
    cfg = Config.fromfile(SHIPPED / name)
    cfg.work_dir, cfg.experiment_name = str(work_dir), work_dir.name
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=iterations, val_interval=iterations)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=0, batch_size=2, persistent_workers=False)
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.default_hooks.checkpoint.update(interval=iterations, out_dir=None)
    return cfg


@pytest.fixture
def stylegan2(tmp_path, save_pictures):
    cfg = shipped('styleganv2/stylegan2_c2_8xb4-800kiters_lsun-horse-256x256.py', tmp_path / 'run')
    pictures = str(save_pictures(tmp_path / 'pictures', 16))
    cfg.model.generator.update(out_size=16, style_channels=16, num_mlps=2)
    cfg.model.discriminator.update(in_size=16)
    for network in ('generator', 'discriminator'):  # torch 2.14 takes no whole number among them
        adam = cfg.optim_wrapper[network].optimizer
        adam.betas = tuple(float(beta) for beta in adam.betas)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset.update(data_root=pictures)
    return cfg


def test_stylegan2_trains_with_genzoos_sampler_and_hooks_and_is_judged_by_genzoos_fid(stylegan2):
    stylegan2.train_dataloader.sampler = dict(type='genzoo.EpochShuffleSampler', batch_size=2)
    stylegan2.custom_hooks = [dict(type='genzoo.NaNGuardHook'), dict(type='genzoo.IterationSeedHook')]
    stylegan2.val_dataloader.dataset.pipeline[-1] = dict(type='PackInputs', meta_keys=['key'])
    stylegan2.val_cfg = dict(type='ValLoop')
    stylegan2.val_evaluator = dict(type='mmengine.Evaluator', metrics=[
        dict(type='genzoo.FID', network=dict(type='genzoo.StubFeatures'))])
    stylegan2.default_hooks.checkpoint.update(save_best='FID/fid', rule='less')
    runner = Runner.from_cfg(stylegan2)
    runner.train()
    assert type(runner.model).__module__.startswith('mmagic.')
    assert type(runner.train_dataloader.sampler).__module__.startswith('genzoo.')
    logs = runner.message_hub.log_scalars
    assert len(logs['train/loss_gen'].data[0]) == 2
    assert logs['val/FID/fid'].current() > 0
    assert logs['val/FID/num_fake'].current() == logs['val/FID/num_real'].current() == 8
    assert list(Path(runner.work_dir).glob('best_FID_fid_iter_2.pth'))


@pytest.fixture
def alexnet_file(tmp_path):
    """Random weights in the form of torchvision's file."""
    path = tmp_path / 'alexnet.pth'
    torch.save({f'features.{key}': value for key, value in
                torchvision.models.alexnet(weights=None).features.state_dict().items()}, path)
    return path


def test_srcnn_learns_from_genzoos_perceptual_loss(tmp_path, save_pictures, alexnet_file):
    cfg = shipped('srcnn/srcnn_x4k915_1xb16-1000k_div2k.py', tmp_path / 'run')
    small, large = save_pictures(tmp_path / 'small', 16), save_pictures(tmp_path / 'large', 64)
    cfg.model.pixel_loss = dict(type='genzoo.LPIPS', net='alex', path=str(alexnet_file))
    cfg.model.data_preprocessor.update(mean=[127.5] * 3, std=[127.5] * 3)  # LPIPS sees [-1, 1]
    dataset = cfg.train_dataloader.dataset
    dataset.update(ann_file='', data_root='', data_prefix=dict(img=str(small), gt=str(large)))
    next(step for step in dataset.pipeline if step.type == 'PairedRandomCrop').gt_patch_size = 64
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    runner = Runner.from_cfg(cfg)
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.train()
    after = runner.model.state_dict()
    assert type(runner.model.generator).__module__.startswith('mmagic.')
    assert not torch.equal(after['generator.conv1.weight'], before['generator.conv1.weight'])
    assert all(torch.equal(after[key], before[key]) for key in after if key.startswith('pixel_loss.'))
    assert min(runner.message_hub.log_scalars['train/loss'].data[0]) > 0
