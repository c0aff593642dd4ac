"""Configs of genzoo's runtime and skeletons train with mmagic's networks, transforms and data sets."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from genzoo.apis.config import check_config
from genzoo.errors import ConfigError
from genzoo.registry import RUNNERS, TRANSFORMS
from genzoo.structures import DataSample

RAGAN = Path(__file__).parents[1] / 'examples/genzoo_plugin_ragan/configs/ragan_discs.py'


@TRANSFORMS.register_module()
class FromMMagic:
    """The pictures of mmagic's pipeline, BGR (H, W, 3) uint8 in ``gt``, as genzoo's models read them."""

    def __call__(self, results: dict) -> dict:
        image = torch.from_numpy(np.ascontiguousarray(results['gt'][..., ::-1].transpose(2, 0, 1)))
        return dict(inputs=dict(img=image), data_samples=DataSample(key=results['key']))


def config(work_dir, iterations: int = 2) -> Config:
    cfg = Config.fromfile(RAGAN)
    cfg.work_dir, cfg.experiment_name = str(work_dir), work_dir.name
    cfg.train_cfg.update(max_iters=iterations, val_interval=iterations)
    cfg.train_dataloader.global_batch_size = 2
    cfg.val_dataloader.update(batch_size=2, dataset=dict(type='DiscsDataset', length=4))
    cfg.default_hooks.checkpoint.interval = iterations
    cfg.custom_hooks = []
    return cfg


def train(cfg: Config):
    check_config(cfg)
    init_default_scope('genzoo')  # a run of mmagic's in this process may have left its own
    runner = RUNNERS.build(cfg)
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.train()
    changed = {key.split('.')[0] for key, value in runner.model.state_dict().items()
               if not torch.equal(value, before[key])}
    assert {'generator', 'discriminator', 'generator_ema'} <= changed
    return runner


@pytest.fixture
def mmagic_networks(tmp_path):
    cfg = config(tmp_path / 'run')
    cfg.model.generator = dict(type='mmagic.StyleGANv2Generator', out_size=16, style_channels=16, num_mlps=2)
    cfg.model.discriminator = dict(type='mmagic.StyleGAN2Discriminator', in_size=16)
    return cfg


def test_model_of_genzoo_trains_mmagics_networks_and_goes_on_exactly(mmagic_networks):
    runner = train(mmagic_networks)
    model = runner.model
    assert {type(net).__module__.split('.')[0] for net in (model.generator, model.discriminator)} == {'mmagic'}
    assert runner.message_hub.log_scalars['val/FID/fid'].current() > 0
    mmagic_networks.merge_from_dict(dict(resume=True, train_cfg=dict(max_iters=3, val_interval=3)))
    assert RUNNERS.build(mmagic_networks).train().iteration == 3


def test_data_set_and_transforms_of_mmagic_feed_genzoos_model(tmp_path, save_pictures):
    cfg = config(tmp_path / 'run')
    cfg.train_dataloader.dataset = dict(
        type='mmagic.BasicImageDataset', data_root=str(save_pictures(tmp_path / 'pictures', 24)),
        data_prefix=dict(gt=''),
        pipeline=[dict(type='mmagic.LoadImageFromFile', key='gt'),
                  dict(type='mmagic.Resize', keys='gt', scale=(16, 16)),
                  dict(type='mmagic.Flip', keys='gt', flip_ratio=0.5), dict(type='genzoo.FromMMagic')])
    runner = train(cfg)
    assert type(runner.train_dataloader.dataset).__module__.startswith('mmagic.')


def test_misspelt_key_beside_mmagics_components_is_still_named(mmagic_networks):
    mmagic_networks.model.loss_gan.loss_wieght = 2.0
    with pytest.raises(ConfigError, match='RelativisticGANLoss has no argument "loss_wieght"'):
        check_config(mmagic_networks)
