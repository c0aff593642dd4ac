"""The training procedure, on genzoo's skeleton of adversarial models."""
from collections.abc import Sequence

from torch import Tensor

from genzoo.models.base import AdversarialModel
from genzoo.registry import MODELS
from genzoo.structures import DataSample


def to_uint8(images: Tensor) -> Tensor:
    """[-1, 1] to uint8, on the CPU."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).byte().cpu()


@MODELS.register_module()
class RaGAN(AdversarialModel):
    """The relativistic average GAN (Jolicoeur-Martineau, ICLR 2019).

    An iteration: one forward of the generator serves both sides; D steps, then G.

    Args:
        generator: e.g. :class:`RaGANGenerator`.
        discriminator: e.g. :class:`RaGANDiscriminator`.
        loss_gan: e.g. :class:`RelativisticGANLoss`.
        kwargs: ``ema``, ``accumulation_rounds``, ...: see :class:`~genzoo.models.base.AdversarialModel`.
    """

    def __init__(self, generator: dict, discriminator: dict, loss_gan: dict, **kwargs) -> None:
        super().__init__(**kwargs)
        self.generator = MODELS.build(generator)
        self.discriminator = MODELS.build(discriminator)
        self.loss_gan = MODELS.build(loss_gan)
        self.finish_networks()

    def begin_iteration(self, inputs: dict, data_samples: Sequence | None) -> dict:
        """What both updates share: ``real`` and ``fake`` pictures, (N, 3, 16, 16)."""
        noise = self.draw_noise(len(inputs['img']), self.network('generator').noise_size)
        return dict(real=inputs['img'], fake=self.generator(noise))

    def discriminator_losses(self, state: dict) -> dict[str, Tensor]:
        """Real pictures are to look more real than generated ones."""
        real, fake = self.discriminator(state['real']), self.discriminator(state['fake'].detach())
        return dict(loss_d=self.loss_gan(real, fake))

    def generator_losses(self, state: dict) -> dict[str, Tensor]:
        """Generated pictures are to look more real than real ones."""
        real, fake = self.discriminator(state['real']), self.discriminator(state['fake'])
        return dict(loss_g=self.loss_gan(fake, real))

    def forward(self, inputs: dict, data_samples: Sequence[DataSample] | None = None,
                mode: str = 'tensor') -> Tensor | dict | list[DataSample]:
        """
        Args:
            inputs: ``img`` (N, 3, 16, 16) in [-1, 1], or ``noise`` (N, Z), or both.
            data_samples: one an item, returned completed by ``predict``.
            mode: ``tensor`` for pictures, ``loss`` for all losses, ``predict`` for data samples
                with ``fake_img`` and, where there is one, ``gt_img``.
        """
        if mode == 'loss':
            state = self.begin_iteration(inputs, data_samples)
            return self.discriminator_losses(state) | self.generator_losses(state)
        generator = self.network('generator')
        noise = inputs.get('noise')
        if noise is None:
            noise = self.sample_noise(data_samples, generator.noise_size)
        fakes = generator(noise)
        return fakes if mode == 'tensor' else self._predictions(fakes, inputs.get('img'), data_samples)

    @staticmethod
    def _predictions(fakes: Tensor, reals: Tensor | None, data_samples: Sequence[DataSample] | None) -> list:
        samples = [sample.clone() for sample in data_samples or [DataSample() for _ in fakes]]
        for sample, fake in zip(samples, to_uint8(fakes)):
            sample.fake_img = fake
        for sample, real in zip(samples, [] if reals is None else to_uint8(reals)):
            sample.gt_img = real
        return samples
