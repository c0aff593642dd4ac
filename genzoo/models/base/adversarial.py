"""The skeleton on which adversarial papers are built."""
import hashlib
from collections.abc import Sequence

import torch
from mmengine.dist import get_world_size
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapperDict
from mmengine.structures import BaseDataElement
from torch import Tensor

from .alternating import AlternatingModel, Update
from .ranks import rank_rows


class AdversarialModel(AlternatingModel):
    """A generator and a discriminator that are trained against each other.

    A paper gives ``discriminator_losses(state)`` and ``generator_losses(state)``, which return
    dicts of named losses, and whatever else its updates name. What both sides share, such as
    the one generator forward that serves both where the paper's procedure allows it, is made
    in :meth:`begin_iteration`.

    Args:
        updates: in the order in which they run. None: the discriminator ``discriminator_steps``
            times, then the generator.
        discriminator_steps: updates of the discriminator before each of the generator.
        kwargs: see :class:`AlternatingModel`.
    """

    def __init__(self, updates: Sequence[Update] | None = None, discriminator_steps: int = 1,
                 **kwargs) -> None:
        super().__init__(updates or (
            Update('discriminator_losses', ('discriminator',), repeats=discriminator_steps),
            Update('generator_losses', ('generator',))), **kwargs)
        self._noise_source: tuple[int, torch.Generator] | None = None  # the iteration's seed and generator

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """See the base class; the noise of each iteration starts from its seed."""
        self._noise_source = None
        return super().train_step(data, optim_wrapper)

    def draw_noise(self, batch_size: int, *shape: int) -> Tensor:
        """Standard normal noise for this rank's part of the global batch.

        During training the noise of a sample depends on the iteration's seed and the sample's
        place in the global batch, not on the number of ranks. Later draws of an iteration go on where
        the one before ended.

        Returns:
            ``(batch_size, *shape)``, on the model's device.
        """
        generator = self._noise_generator() if self.training else None
        world_size = get_world_size() if self.training else 1
        noise = torch.randn(world_size * batch_size, *shape, generator=generator)
        return (rank_rows(noise) if world_size > 1 else noise).to(self.data_preprocessor.device)

    @staticmethod
    def _sample_seed(sample: BaseDataElement) -> int:
        """From the global generator's seed and what names the sample, below 2^63."""
        name = [torch.initial_seed(), *(sample.get(part) for part in ('key', 'caption_index', 'sample_index'))]
        return int.from_bytes(hashlib.blake2b(repr(name).encode(), digest_size=8).digest(), 'big') >> 1

    def sample_noise(self, data_samples: Sequence[BaseDataElement], *shape: int) -> Tensor:
        """Standard normal noise for evaluation: each sample has its own.

        It depends on the sample's ``key``, ``caption_index`` and ``sample_index`` and on the seed of
        PyTorch's global generator, not on batch size, rank or number of ranks. For samples without
        a key it is drawn as it comes.

        Returns:
            ``(len(data_samples), *shape)``, on the model's device.
        """
        if any(sample.get('key') is None for sample in data_samples):
            return self.draw_noise(len(data_samples), *shape)
        generators = [torch.Generator().manual_seed(self._sample_seed(sample)) for sample in data_samples]
        return torch.stack([torch.randn(*shape, generator=generator) for generator in generators]).to(
            self.data_preprocessor.device)

    def _noise_generator(self) -> torch.Generator | None:
        """Of the iteration; None if nothing has published its seed."""
        seed = MessageHub.get_current_instance().runtime_info.get('iteration_seed')
        if seed is None:
            return None
        if self._noise_source is None or self._noise_source[0] != seed:
            self._noise_source = seed, torch.Generator().manual_seed(seed)
        return self._noise_source[1]
