"""Encoders that need no file, and data samples for them."""
import pytest
import torch
from torch import nn

from genzoo.registry import MODELS
from genzoo.structures import DataSample

CODE = 32


@MODELS.register_module(name='TestTextEncoder', force=True)
class _TextEncoder(nn.Module):
    """The sentence vector of a caption is a random direction, drawn from its first word id."""

    def __init__(self, constant: bool = False, vocab_size: int | None = None) -> None:
        super().__init__()
        self.constant = constant
        self.vocab_size = vocab_size

    def forward(self, caption_ids, lengths):
        ids = torch.zeros_like(caption_ids[:, 0]) if self.constant else caption_ids[:, 0]
        sentences = torch.stack([directions()[int(i)] for i in ids])
        return sentences[:, :, None].repeat(1, 1, int(lengths.max())), sentences


@MODELS.register_module(name='TestImageEncoder', force=True)
class _ImageEncoder(nn.Module):
    """Reads the word id that an image's first pixel holds, or sees nothing but noise."""

    def __init__(self, blind: bool = False) -> None:
        super().__init__()
        self.blind = blind
        self.generator = torch.Generator().manual_seed(5)

    def forward(self, images):
        ids = ((images[:, 0, 0, 0] + 1) * 127.5).round().long()
        codes = torch.stack([directions()[int(i)] for i in ids])
        if self.blind:
            codes = torch.randn(codes.shape, generator=self.generator)
        return codes[:, :, None, None], codes


@MODELS.register_module(name='TestCountingFeatures', force=True)
class _CountingFeatures(nn.Module):
    """The mean colour as features and logits; counts its images."""

    description = 'TestCountingFeatures counting.pth, no resize'

    def __init__(self, name: str = '') -> None:
        super().__init__()
        self.seen = 0

    def forward(self, images):
        self.seen += len(images)
        mean = images.mean(dim=(2, 3))
        return dict(pool3=mean, logits_unbiased=mean, logits=mean + torch.arange(3.))


def directions() -> torch.Tensor:
    return torch.randn(256, CODE, generator=torch.Generator().manual_seed(3))


def image_of(word: int) -> torch.Tensor:
    return torch.full((3, 4, 4), word, dtype=torch.uint8)


@pytest.fixture
def make_samples():
    """``make(words, keys=None)``: one sample a caption of one word, with an image that shows the word."""
    def make(words, keys=None, as_dict=True):
        keys = [f'image{i}' for i in range(len(words))] if keys is None else keys
        samples = [
            DataSample(key=key, caption=f'word{word}', caption_index=0, fake_img=image_of(word),
                       gt_img=image_of(word), caption_ids=torch.tensor([word, 0]),
                       caption_length=torch.tensor(1))
            for word, key in zip(words, keys)]
        return [sample.to_dict() for sample in samples] if as_dict else samples
    return make


@pytest.fixture
def compared_images():
    """``make(num_fake, num_real)``: samples of random colours, without captions, several of one key if need be."""
    def make(num_fake, num_real):
        generator = torch.Generator().manual_seed(0)
        fakes, reals = (torch.randint(low, 256, (count, 3, 1, 1), dtype=torch.uint8, generator=generator)
                        .expand(-1, -1, 2, 2) for low, count in ((100, num_fake), (0, num_real)))
        return [DataSample(key=f'image{i % num_real}', fake_img=fake, gt_img=reals[i % num_real]).to_dict()
                for i, fake in enumerate(fakes)]
    return make


@pytest.fixture
def logged(monkeypatch):
    """The lines that metrics log."""
    lines = []
    monkeypatch.setattr('genzoo.evaluation.common.print_log', lambda text, **args: lines.append(text))
    return lines


@pytest.fixture
def run_on_ranks():
    """``run(make_metric, samples, world_size)``: what a distributed evaluation of ``samples`` gives.

    Samples go to ranks as mmengine's sampler deals them: in turn, the last round filled up from
    the start; results come back as mmengine collects them.
    """
    def run(make_metric, samples, world_size):
        rounds = -(-len(samples) // world_size)
        padded = (samples + samples)[:rounds * world_size]
        parts = []
        for rank in range(world_size):
            metric = make_metric()
            for start in range(0, rounds, 2):
                metric.process(None, padded[rank::world_size][start:start + 2])
            parts.append(metric.results)
        gathered = [result for step in zip(*parts) for result in step][:len(samples)]
        return metric.compute_metrics(gathered)
    return run
