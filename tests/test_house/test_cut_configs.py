"""The shipped configs of unpaired translation say what the specification says, and train."""
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from genzoo.apis.config import load_config
from genzoo.engine import NetworkOptimWrapperConstructor
from genzoo.registry import MODELS, PARAM_SCHEDULERS

FOLDER = Path(__file__).parents[2] / 'configs' / 'monce'
NETWORKS = dict(generator=11_378_179, discriminator=2_764_737, patch_sampler=560_384)  # section 3
LONG, SHORT = (200, 200), (150, 50)  # epochs at the full rate, and of its decay
SETTINGS = dict(  # sections 4.7 and 5: eps, weight of the negatives, lambda_NCE, modulation, identity, flips, epochs
    monce_cut_horse2zebra=(.1, 1., 1., 'ot', True, False, LONG),
    monce_cut_winter2summer=(1., .5, 2., 'ot', True, False, LONG),
    monce_cut_cityscapes=(.5, .5, 1., 'ot', True, False, LONG),
    monce_fastcut_horse2zebra=(.1, 1., 10., 'ot', False, True, SHORT),
    weightnce_cut_horse2zebra=(.1, 1., 1., 'weight', True, False, LONG),
    cut_patchnce_horse2zebra=(None, None, 1., None, True, False, LONG))


def config(name):
    init_default_scope('genzoo')
    return load_config(FOLDER / f'{name}.py')


@pytest.mark.parametrize('name', SETTINGS)
def test_its_contrast_has_the_papers_numbers(name):
    with torch.device('meta'):
        model = MODELS.build(config(name).model)
    loss = model.loss_contrast
    found = [getattr(loss, key, None) for key in ('eps', 'neg_weight', 'loss_weight', 'modulation')]
    assert (*found, model.nce_idt, model.flip_equivariance) == SETTINGS[name][:-1]
    assert (loss.tau, loss.all_negatives, model.num_patches, model.nce_layers) == (.07, False, 256, (0, 4, 8, 12, 16))
    assert (getattr(loss, 'num_patches', 256), getattr(loss, 'weighting', 'hard')) == (256, 'hard')
    assert not getattr(loss, 'detach_plan', False)
    assert (model.loss_gan.gan_type, model.loss_gan.loss_weight) == ('lsgan', 1.)


@pytest.mark.parametrize('name', SETTINGS)
def test_its_networks_have_the_published_sizes_and_each_an_adam(name):
    cfg = config(name)
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    assert {part: sum(weight.numel() for weight in getattr(model, part).parameters()) for part in NETWORKS} == NETWORKS
    for part in NETWORKS:
        adam = cfg.optim_wrapper[part].optimizer
        assert (adam.type, adam.lr, tuple(adam.betas), adam.get('eps', 1e-8)) == ('Adam', 2e-4, (.5, .999), 1e-8)


@pytest.mark.parametrize('name', SETTINGS)
def test_its_rates_follow_the_papers_formula_in_every_epoch(name):
    cfg, (full, decay) = config(name), SETTINGS[name][-1]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 2e-4)
    schedulers = [PARAM_SCHEDULERS.build(dict(item, optimizer=optimizer)) for item in cfg.param_scheduler]
    assert all(scheduler.by_epoch for scheduler in schedulers)
    rates = []
    for _ in range(full + decay):
        rates.append(optimizer.param_groups[0]['lr'] / 2e-4)
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    assert rates == pytest.approx([1 - max(0, done + 1 - full) / (decay + 1) for done in range(full + decay)])
    assert rates[-1] == pytest.approx(1 / (decay + 1))


@pytest.mark.parametrize('name', SETTINGS)
def test_it_lasts_as_long_as_the_papers_and_crops_nothing_while_rates_fall(name):
    cfg, (full, decay) = config(name), SETTINGS[name][-1]
    assert (cfg.train_cfg.type, cfg.train_cfg.max_epochs) == ('EpochBasedTrainLoop', full + decay)
    switch, = (hook for hook in cfg.custom_hooks if hook.type == 'LoadSizeSwitchHook')
    assert switch.num_epochs == full
    step, = (step for step in cfg.train_dataloader.dataset.pipeline if step.type == 'ResizeRandomCropFlip')
    assert (step.load_size, step.crop_size, step.flip_prob) == (286, 256, .5)
    assert cfg.train_dataloader.global_batch_size == 12
    saver = cfg.default_hooks.checkpoint
    assert (saver.interval, saver.by_epoch, saver.max_keep_ckpts) == (10, True, -1)
    assert saver.latest_interval == round(5000 / 12)  # of so many images


@pytest.mark.parametrize('name', SETTINGS)
def test_training_and_evaluation_read_the_same_data_set_in_the_same_direction(name):
    cfg = config(name)
    loaders = (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader)
    direction = 'BtoA' if name.endswith('cityscapes') else 'AtoB'
    expected = f'data/{name.rsplit("_", 1)[1]}', direction
    assert [(loader.dataset.data_root, loader.dataset.direction) for loader in loaders] == [expected] * 3
    assert [loader.dataset.phase for loader in loaders] == ['train', 'test', 'test']
    assert [metric.type for metric in cfg.val_evaluator] == [metric.type for metric in cfg.test_evaluator]


@pytest.mark.parametrize('name', SETTINGS)
def test_it_is_judged_at_256_pixels_without_crops_or_flips_image_by_image(name):
    cfg = config(name)
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        read, step, pack = loader.dataset.pipeline
        assert (read.type, pack.type) == ('LoadImages', 'PackUnpairedImages')
        assert (step.type, step.get('mode', 'resize_and_crop')) == ('ResizeRandomCropFlip', 'resize_and_crop')
        assert (step.load_size, step.crop_size, step.flip_prob) == (256, 256, 0.)
        assert (loader.batch_size, loader.sampler.shuffle) == (1, False)


@pytest.mark.parametrize('name', SETTINGS)
def test_its_metrics_have_the_papers_numbers(name):
    for evaluator in (config(name).val_evaluator, config(name).test_evaluator):
        metrics = {metric.type: metric for metric in evaluator}
        assert set(metrics) == {'FID', 'KID', 'DensityCoverage', 'SlicedWassersteinDistance'}
        assert metrics['DensityCoverage'].nearest_k == 95
        networks = [metric.network for metric in evaluator if 'network' in metric]
        assert networks == [dict(type='InceptionV3Features', weights='fid')] * 3
        assert set(metrics['SlicedWassersteinDistance']) == {'type'}  # its defaults are the specification's


@pytest.mark.slow
@pytest.mark.parametrize('name', SETTINGS)
def test_it_trains_an_iteration_at_full_width(name):
    cfg = config(name)
    model = MODELS.build(ConfigDict(cfg.model, example_size=64)).train()
    optimizers = NetworkOptimWrapperConstructor(
        {key: value for key, value in cfg.optim_wrapper.items() if key != 'constructor'})(model)
    item = model.example_item(0)
    batch = dict(inputs={key: value[None] for key, value in item['inputs'].items()}, data_samples=None)
    before = {part: getattr(model, part).state_dict()[key].clone() for part, key in FIRST.items()}
    logs = model.train_step(batch, optimizers)
    assert all(value.isfinite() for value in logs.values())
    assert all(not torch.equal(before[part], getattr(model, part).state_dict()[key]) for part, key in FIRST.items())


FIRST = dict(generator='model.1.weight', discriminator='model.0.weight', patch_sampler='heads.0.0.weight')
