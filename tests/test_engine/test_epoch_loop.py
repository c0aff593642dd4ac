import os
import signal

import pytest
import torch
from mmengine.hooks import Hook

from genzoo.engine import last_checkpoint
from genzoo.errors import ConfigError

from .tiny_gan import assert_same_state, build, resumed, tiny_config, train

LENGTH = 6  # batches of an epoch: 24 vectors, 4 in a batch


def epochs_config(folder, epochs=3, num_workers=0, validate=None, **settings):
    """The tiny run by epochs, with a rate that falls after the first of them."""
    cfg = tiny_config(folder, num_workers=num_workers, validate=validate, local_noise=True, interval=1, **settings)
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_interval=validate or epochs + 1)
    cfg.default_hooks.checkpoint.by_epoch = True
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=1.0, end_factor=0.5, begin=1, end=3, by_epoch=True)]
    cfg.train_dataloader.persistent_workers = num_workers > 0
    return cfg


class StopAt(Hook):
    """Asks the run to stop at an iteration, counted from 1, or in a validation."""

    priority = 'NORMAL'

    def __init__(self, iteration=None, validation=False):
        self.iteration, self.validation = iteration, validation

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter + 1 == self.iteration:
            os.kill(os.getpid(), signal.SIGTERM)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if self.validation:
            os.kill(os.getpid(), signal.SIGTERM)


def stopped(cfg, **when):
    runner = build(cfg)
    runner.register_hook(StopAt(**when))
    runner.train()
    return runner


def checkpoints(folder):
    return sorted(path.name for path in folder.glob('*.pth'))


def test_training_ends_after_the_epochs_and_saves_by_epoch(tmp_path):
    runner = train(epochs_config(tmp_path))
    assert (runner.epoch, runner.iter) == (3, 3 * LENGTH)
    assert checkpoints(tmp_path) == ['epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth']


def test_rates_follow_the_epochs(tmp_path):
    runner = train(epochs_config(tmp_path))
    rates = runner.message_hub.get_scalar('train/generator.lr').data[0]
    by_epoch = rates.reshape(3, LENGTH)
    assert (by_epoch == by_epoch[:, :1]).all()
    assert by_epoch[:, 0].tolist() == pytest.approx([0.01, 0.01, 0.005])


@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('iteration', [LENGTH + 2, 2 * LENGTH], ids=['within an epoch', 'in its last iteration'])
def test_a_run_stopped_within_an_epoch_goes_on_bit_for_bit(tmp_path, iteration, num_workers):
    train(epochs_config(tmp_path / 'whole', num_workers=num_workers))
    stopped(epochs_config(tmp_path / 'parts', num_workers=num_workers), iteration=iteration)
    assert checkpoints(tmp_path / 'parts') == ['epoch_1.pth', f'iter_{iteration}.pth']
    meta = torch.load(tmp_path / f'parts/iter_{iteration}.pth', weights_only=True)['meta']
    assert (meta['epoch'], meta['iter']) == (1, iteration)
    train(resumed(epochs_config(tmp_path / 'parts', num_workers=num_workers)))
    assert_same_state(tmp_path / 'whole/epoch_3.pth', tmp_path / 'parts/epoch_3.pth')


def test_a_run_resumed_from_the_end_of_an_epoch_goes_on_bit_for_bit(tmp_path):
    train(epochs_config(tmp_path / 'whole'))
    cfg = epochs_config(tmp_path / 'parts')
    cfg.train_cfg.max_epochs = 2
    train(cfg)
    train(resumed(epochs_config(tmp_path / 'parts')))
    assert_same_state(tmp_path / 'whole/epoch_3.pth', tmp_path / 'parts/epoch_3.pth')


def test_what_was_saved_within_an_epoch_goes_with_the_next_checkpoint(tmp_path):
    stopped(epochs_config(tmp_path), iteration=2)
    stopped(resumed(epochs_config(tmp_path)), iteration=4)
    assert checkpoints(tmp_path) == ['iter_4.pth']
    assert last_checkpoint(tmp_path) == tmp_path / 'iter_4.pth'
    train(resumed(epochs_config(tmp_path)))
    assert checkpoints(tmp_path) == ['epoch_1.pth', 'epoch_2.pth', 'epoch_3.pth']


def test_a_run_stopped_in_a_validation_keeps_the_checkpoint_of_its_epoch_and_validates_when_it_goes_on(tmp_path):
    runner = stopped(epochs_config(tmp_path, validate=1), validation=True)
    assert checkpoints(tmp_path) == ['epoch_1.pth']
    assert 'val/tiny/brightness' not in runner.message_hub.log_scalars
    hub = train(resumed(epochs_config(tmp_path, validate=1))).message_hub
    assert len(hub.get_scalar('val/tiny/brightness').data[0]) == 3


def test_the_best_epoch_is_kept(tmp_path):
    cfg = epochs_config(tmp_path, validate=1, hooks=dict(checkpoint=dict(
        max_keep_ckpts=1, save_best='tiny/brightness', rule='greater')))
    cfg.val_evaluator = dict(type='TinyBrightness', falling=True)
    train(cfg)
    assert checkpoints(tmp_path) == ['best_tiny_brightness_epoch_1.pth', 'epoch_3.pth']


def test_workers_run_through_the_ends_of_epochs_and_are_ended(tmp_path):
    runner = train(epochs_config(tmp_path, num_workers=2))
    assert not any(worker.is_alive() for worker in runner.train_loop.dataloader_iterator._workers)


def test_epochs_of_another_length_start_anew_with_a_warning(tmp_path):
    stopped(epochs_config(tmp_path), iteration=LENGTH + 2)
    runner = train(resumed(epochs_config(tmp_path, batch_size=8)))
    assert (runner.epoch, runner.iter) == (3, 3 * LENGTH // 2)
    log = next((tmp_path / runner.timestamp).glob('*.log')).read_text()
    assert 'had epochs of 6 batches, this one has 3: it goes on at the start of epoch 2' in log


def test_a_sampler_without_a_stream_is_refused(tmp_path):
    cfg = epochs_config(tmp_path)
    cfg.train_dataloader.sampler = dict(type='DefaultSampler', shuffle=True)
    with pytest.raises(ConfigError, match='DefaultSampler cannot start within an epoch. Set it to EpochShuffleSampler'):
        train(cfg)


def test_incomplete_batches_are_refused_or_left_out(tmp_path):
    with pytest.raises(ConfigError, match='epoch of 24 samples is no whole number of batches of 1 x 5'):
        train(epochs_config(tmp_path, batch_size=5))
    cfg = epochs_config(tmp_path, epochs=1)
    del cfg.train_dataloader.batch_size
    cfg.train_dataloader.global_batch_size = 5
    assert train(cfg).iter == 4
