"""Patches of two domains that find each other: the loss alone, without a generator."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import DataSample
from ..base import AlternatingModel, Update
from ..losses import l2_normalize

EXAMPLE_SIZE = 32
"""Pixels of an example image; the encoders take every size."""


@MODELS.register_module()
class PatchEncoder(nn.Module):
    """3 x 3 convolutions with ReLU between them; one feature vector of unit length a patch.

    Args:
        channels: of each convolution.
        strides: of each convolution.
        in_channels: of the images.
    """

    def __init__(self, channels: Sequence[int] = (32, 32, 64), strides: Sequence[int] = (2, 2, 1),
                 in_channels: int = 3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, stride in zip((in_channels, *channels), channels, strides):
            layers += [nn.Conv2d(before, after, 3, stride, 1), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, images: Tensor) -> Tensor:
        """
        Args:
            images: (B, C, H, W), in [-1, 1].

        Returns:
            (B, N, D), patches row by row.
        """
        return l2_normalize(self.layers(images).flatten(2).mT)


@MODELS.register_module()
class PatchCorrespondence(AlternatingModel):
    """Two encoders learn by contrast that the same place of a pair of images looks alike.

    The smallest model that a contrastive loss of patches can train: each domain's patches are the queries
    once, the other's the keys. With the toy data it shows what
    :class:`~genzoo.models.losses.MoNCELoss` does to the weights of negatives.

    Args:
        encoder_a: e.g. :class:`PatchEncoder`, of images of A.
        encoder_b: of images of B.
        loss: e.g. :class:`~genzoo.models.losses.MoNCELoss`.
        data_preprocessor, init_cfg: as for mmengine's ``BaseModel``.
    """

    needed_for_prediction = ('encoder_a', 'encoder_b')

    def __init__(self, encoder_a: dict, encoder_b: dict, loss: dict, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__([Update('contrast_losses', ('encoder_a', 'encoder_b'))], init_cfg=init_cfg,
                         data_preprocessor=data_preprocessor)
        self.encoder_a = MODELS.build(encoder_a)
        self.encoder_b = MODELS.build(encoder_b)
        self.loss = MODELS.build(loss)
        self.finish_networks()

    def contrast_losses(self, state: dict) -> dict[str, Tensor]:
        """The contrast with A's patches as queries, and with B's."""
        return self(**state, mode='loss')

    def forward(self, inputs: dict, data_samples: Sequence[DataSample] | None = None,
                mode: str = 'tensor') -> dict | tuple | list[DataSample]:
        """
        Args:
            inputs: ``img_a`` and ``img_b``, (B, 3, H, W), in [-1, 1].
            data_samples: one an item, returned completed by ``predict``.
            mode: ``tensor`` for the patches of both domains, (B, N, D) each; ``loss`` for ``loss_a`` and
                ``loss_b``; ``predict`` for data samples with ``patches_a`` and ``patches_b``, (N, D).
        """
        patches_a, patches_b = self.encoder_a(inputs['img_a']), self.encoder_b(inputs['img_b'])
        if mode == 'tensor':
            return patches_a, patches_b
        if mode == 'loss':
            return dict(loss_a=self.loss(patches_a, patches_b), loss_b=self.loss(patches_b, patches_a))
        samples = [sample.clone() for sample in data_samples or [DataSample() for _ in patches_a]]
        for sample, a, b in zip(samples, patches_a.float().cpu(), patches_b.float().cpu()):
            sample.set_field(a, 'patches_a')
            sample.set_field(b, 'patches_b')
        return samples

    def example_item(self, number: int) -> dict:
        """A random pair of images, to measure speed with."""
        generator = torch.Generator().manual_seed(number)
        inputs = {name: torch.rand(3, EXAMPLE_SIZE, EXAMPLE_SIZE, generator=generator) * 2 - 1
                  for name in ('img_a', 'img_b')}
        return dict(inputs=inputs, data_samples=DataSample(key=f'example_{number}'))
