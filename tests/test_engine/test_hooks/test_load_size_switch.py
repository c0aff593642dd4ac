from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from PIL import Image

from genzoo.datasets import EpochShuffleSampler, RepeatedDataset, ShapesCaptionDataset, UnpairedImageDataset
from genzoo.engine import SafeRunner
from genzoo.engine.hooks import LoadSizeSwitchHook
from genzoo.errors import ConfigError

from ..tiny_gan import build, resumed, tiny_config

SIZES = dict(load_size=64, crop_size=16, flip_prob=0.0)


@pytest.fixture
def root(tmp_path):
    """Ramps from black to white, of which a crop shows a part."""
    for folder in ('trainA', 'trainB'):
        (tmp_path / folder).mkdir()
        for number in range(4):
            Image.linear_gradient('L').save(tmp_path / folder / f'{number}.png')
    return tmp_path


def pipeline():
    return [dict(type='LoadImages', keys=['img_a', 'img_b']), dict(type='ResizeRandomCropFlip', **SIZES),
            dict(type='PackUnpairedImages')]


def loader(root, num_workers):
    return SafeRunner.build_dataloader(dict(
        dataset=dict(type='genzoo.UnpairedImageDataset', data_root=str(root), pipeline=pipeline()), batch_size=2,
        sampler=dict(type='genzoo.EpochShuffleSampler'), num_workers=num_workers, persistent_workers=num_workers > 0,
        collate_fn=dict(type='zoo_collate')), seed=0)


def whole_image_shown(batch):
    """Whether the ramp goes through all its greys, as it does in what is not cropped."""
    return bool((batch['inputs']['img_a'].amax((1, 2, 3)) - batch['inputs']['img_a'].amin((1, 2, 3)) > 200).all())


def before_train(loader, num_epochs):
    LoadSizeSwitchHook(num_epochs).before_train(SimpleNamespace(train_dataloader=loader))


@pytest.mark.parametrize('num_workers', [0, 2])
def test_the_first_batch_of_the_epoch_is_the_first_with_the_other_size(root, num_workers):
    data = loader(root, num_workers)
    before_train(data, 2)
    shown = [whole_image_shown(batch) for batch, _ in zip(data, range(8))]  # two batches an epoch
    assert shown == [False] * 4 + [True] * 4


@pytest.mark.parametrize('start', [3, 4, 5])
def test_a_resumed_run_is_in_the_right_phase_at_once(root, start):
    data = loader(root, 2)
    before_train(data, 2)
    data.sampler.skip(start * 2)
    assert [whole_image_shown(batch) for batch, _ in zip(data, range(2))] == [start >= 4, True]


def test_the_step_is_found_inside_other_data_sets(root):
    inner = UnpairedImageDataset(root, pipeline=pipeline())
    before_train(SimpleNamespace(dataset=RepeatedDataset(inner, 2)), 1)
    late = next(index for index in EpochShuffleSampler(inner, seed=0) if index.epoch == 1)
    assert whole_image_shown(dict(inputs=dict(img_a=inner[late]['inputs']['img_a'][None])))


def test_a_pipeline_without_load_size_is_refused():
    with pytest.raises(ConfigError, match='LoadSizeSwitchHook: the training pipeline has no step with a load_size'):
        before_train(SimpleNamespace(dataset=ShapesCaptionDataset()), 1)
    with pytest.raises(ConfigError, match='num_epochs=-1'):
        LoadSizeSwitchHook(-1)


class Seen(Hook):
    """Keeps whether each batch showed whole images."""

    def __init__(self):
        self.shown = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.shown.append(whole_image_shown(data_batch))
        data_batch['inputs']['real'] = torch.zeros(len(data_batch['inputs']['img_a']), 4)


def run(folder, root, epochs, resume=False):
    cfg = tiny_config(folder)
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs)
    cfg.train_dataloader.update(batch_size=2, num_workers=1, persistent_workers=True, dataset=dict(
        type='UnpairedImageDataset', data_root=str(root), pipeline=pipeline()))
    cfg.default_hooks.checkpoint.by_epoch = True
    cfg.custom_hooks = [dict(type='LoadSizeSwitchHook', num_epochs=2)]
    runner = build(resumed(cfg) if resume else cfg)
    runner.register_hook(Seen())
    runner.train()
    return next(hook for hook in runner.hooks if isinstance(hook, Seen)).shown


def test_a_run_and_its_continuation_switch_at_the_same_place(root, tmp_path):
    whole = run(tmp_path / 'whole', root, 4)
    assert whole == [False] * 4 + [True] * 4
    assert run(tmp_path / 'parts', root, 1) + run(tmp_path / 'parts', root, 4, resume=True) == whole
