"""A two-network GAN on vectors and a run of it, in memory and as a config file."""
import itertools
import time
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_dist_info
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import Dataset

from genzoo.registry import DATASETS, HOOKS, METRICS, MODELS, RUNNERS
from genzoo.structures import DataSample

ROOT = Path(__file__).parents[2]
NOISE, SIZE = 3, 4


@DATASETS.register_module()
class TinyVectors(Dataset):
    """Vectors (4,), jittered by the place of the sample in the training stream."""

    metainfo = dict(dataset='tiny', vocabulary=['<end>', 'red', 'red'])

    def __init__(self, length: int = 24) -> None:
        self.values = np.random.RandomState(0).randn(length, SIZE)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> dict:
        rng = np.random.RandomState(getattr(index, 'position', 0))
        value = self.values[int(index)] + 0.1 * rng.randn(SIZE)
        return dict(inputs=dict(real=torch.tensor(value, dtype=torch.float32)),
                    data_samples=DataSample(key=str(int(index))))


@MODELS.register_module()
class TinyGenerator(nn.Module):
    """(B, 3) to (B, 4)."""

    def __init__(self, channels: int = 8, batch_norm: bool = False) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(NOISE, channels),
                                 nn.BatchNorm1d(channels) if batch_norm else nn.Identity(),
                                 nn.Dropout(0.0), nn.LeakyReLU(0.2), nn.Linear(channels, SIZE))

    def forward(self, noise):
        return self.net(noise)


@MODELS.register_module()
class TinyDiscriminator(nn.Module):
    """(B, 4) to features; features to logits."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(SIZE, channels), nn.LeakyReLU(0.2))
        self.head = nn.Linear(channels, 1)

    def forward(self, x):
        return self.body(x)

    def logits(self, features):
        return self.head(features)


@MODELS.register_module()
class TinyGAN(BaseModel):
    """Two networks, one frozen; a step of D, one of its gradient penalty, one of G.

    Args:
        local_noise: draw noise from the rank's own generators, not from the iteration's seed.
        nan_at: iteration whose generator loss is NaN.
        nan_weights_at: iteration whose update breaks the weights.
        pause: seconds that an iteration sleeps.
    """

    def __init__(self, generator, discriminator, local_noise=False, nan_at=None, nan_weights_at=None,
                 pause=0.0, val_pause=0.0) -> None:
        super().__init__()
        self.generator = MODELS.build(generator)
        self.discriminator = MODELS.build(discriminator)
        self.frozen = MODELS.build(generator).requires_grad_(False)
        self.local_noise, self.nan_at, self.nan_weights_at = local_noise, nan_at, nan_weights_at
        self.pause, self.val_pause = pause, val_pause

    def draw_noise(self, count: int):
        if self.local_noise or not self.training:
            return torch.randn(count, NOISE)
        rank, processes = get_dist_info()
        seed = MessageHub.get_current_instance().get_info('iteration_seed')
        noise = torch.randn(processes * count, NOISE, generator=torch.Generator().manual_seed(seed))
        return noise[rank::processes]

    def train_step(self, data, optim_wrapper):
        time.sleep(self.pause)
        iteration = MessageHub.get_current_instance().get_info('iter') + 1
        real = data['inputs']['real']
        wrapper_d, wrapper_g = optim_wrapper['discriminator'], optim_wrapper['generator']
        self.discriminator.requires_grad_(True)
        with wrapper_d.optim_context(self):
            fake = self.generator(self.draw_noise(len(real)))
            judged = self._judge(real)
            loss_d = (self._judge(fake.detach()) - judged).square().mean() - judged.mean()
        wrapper_d.update_params(loss_d)
        real = real.clone().requires_grad_(True)
        gradient, = torch.autograd.grad(self._judge(real).sum(), real, create_graph=True)
        wrapper_d.update_params(gradient.square().sum(1).mean())
        self.discriminator.requires_grad_(False)
        with wrapper_g.optim_context(self):
            loss_g = -self._judge(fake).mean()
        wrapper_g.update_params(loss_g)
        if iteration == self.nan_weights_at:
            nn.init.constant_(self.generator.net[0].bias, torch.nan)
        return dict(loss_d=loss_d.detach(),
                    loss_g=loss_g.detach() * (torch.nan if iteration == self.nan_at else 1))

    def _judge(self, x):
        return self.discriminator.logits(self.discriminator(x))

    def forward(self, *args, **kwargs):
        raise NotImplementedError

    def val_step(self, data):
        time.sleep(self.val_pause)
        fake = self.generator(self.draw_noise(len(data['inputs']['real'])))
        pictures = fake.detach().sigmoid().mul(255).byte()[:, None, :, None].expand(-1, 3, -1, SIZE)
        return [DataSample(key=sample.key, fake_img=picture)
                for sample, picture in zip(data['data_samples'], pictures)]

    test_step = val_step


@METRICS.register_module()
class TinyBrightness(BaseMetric):
    """Mean of the pictures; or, with ``falling``, a number that falls with each evaluation."""

    default_prefix = 'tiny'

    def __init__(self, falling: bool = False, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        self.falling, self.count = falling, itertools.count()

    def process(self, data_batch, data_samples) -> None:
        self.results += [sample['fake_img'].float().mean().item() for sample in data_samples]

    def compute_metrics(self, results) -> dict:
        return dict(brightness=100.0 - next(self.count) if self.falling else float(np.mean(results)))


@HOOKS.register_module()
class KeepEveryRank(Hook):
    """Writes the final weights of each rank, and the seed that it used, to a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def after_train(self, runner) -> None:
        content = dict(weights=runner.model.module.state_dict(), seed=runner.seed)
        torch.save(content, f'{self.folder}/rank{runner.rank}.pth')


@MODELS.register_module()
class TinyOther(TinyGAN):
    """Another model, for checkpoints that do not fit."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.extra = nn.Linear(2, 2)


_runs = itertools.count()


def loader(batch_size: int = 4, num_workers: int = 0, train: bool = True) -> dict:
    sampler = dict(type='EpochShuffleSampler') if train else dict(type='DefaultSampler', shuffle=False)
    return dict(dataset=dict(type='TinyVectors'), sampler=sampler, batch_size=batch_size,
                num_workers=num_workers, collate_fn=dict(type='zoo_collate'))


def tiny_config(work_dir, iterations: int = 6, interval: int = 3, validate: int | None = None,
                num_workers: int = 0, batch_size: int = 4, lr: float = 0.01, hooks: dict | None = None,
                wrapper: dict | None = None, seed: int | None = 100, **model) -> Config:
    """The shipped runtime with a tiny model; ``validate``: iterations between validations."""
    cfg = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    adam = dict(**(wrapper or {}), optimizer=dict(type='Adam', lr=lr, betas=(0.0, 0.9)))
    networks = dict(generator=dict(type='TinyGenerator'), discriminator=dict(type='TinyDiscriminator'))
    cfg.merge_from_dict(dict(
        work_dir=str(work_dir), experiment_name=f'tiny{next(_runs)}',
        model={'type': 'TinyGAN', **networks, **model},
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=iterations,
                       val_interval=validate or iterations + 1),
        train_dataloader=loader(batch_size, num_workers),
        optim_wrapper=dict(constructor='NetworkOptimWrapperConstructor', generator=adam, discriminator=adam),
        param_scheduler=[dict(type='LinearLR', start_factor=0.5, end=8, by_epoch=False)],
        visualizer=dict(vis_backends=[]), randomness=dict(seed=seed),
        default_hooks=dict(checkpoint=dict(interval=interval), logger=dict(interval=2))))
    cfg.merge_from_dict(dict(default_hooks=hooks or {}))
    if validate:
        cfg.merge_from_dict(dict(val_cfg=dict(type='ValLoop'), val_dataloader=loader(train=False),
                                 val_evaluator=dict(type='TinyBrightness')))
    return cfg


def with_test(cfg: Config) -> Config:
    cfg.merge_from_dict(dict(test_cfg=dict(type='TestLoop'), test_dataloader=loader(train=False),
                             test_evaluator=[dict(type='TinyBrightness'),
                                             dict(type='TinyBrightness', prefix='second')]))
    return cfg


def build(cfg: Config):
    return RUNNERS.build(cfg)


def train(cfg: Config):
    """Trains in this process; returns the runner."""
    runner = build(cfg)
    runner.train()
    return runner


def resumed(cfg: Config, checkpoint=None) -> Config:
    cfg.resume, cfg.load_from = True, checkpoint and str(checkpoint)
    return cfg


def weights(path) -> dict:
    return torch.load(path, weights_only=True)['state_dict']


def assert_same_state(first, second) -> None:
    """Weights, optimisers and schedules of two checkpoint files are equal, bit for bit."""
    first, second = (torch.load(path, weights_only=True) for path in (first, second))
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        _assert_equal(first[part], second[part], part)


def _assert_equal(first, second, place) -> None:
    assert type(first) is type(second), place
    if isinstance(first, dict):
        assert first.keys() == second.keys(), place
        for key in first:
            _assert_equal(first[key], second[key], f'{place}.{key}')
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), place
        for number, pair in enumerate(zip(first, second)):
            _assert_equal(*pair, f'{place}[{number}]')
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second), place
    else:
        assert first == second, place
