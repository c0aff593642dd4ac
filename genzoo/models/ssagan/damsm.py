"""Training the text and image encoders of DAMSM."""
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import MODELS
from ...structures import DataSample
from ...utils import check_vocabulary
from ..base import AlternatingModel, Update, gather_rows, unwrap
from .contrast import damsm_losses, pad_words
from .example import example_caption_image

ANY_SIZE = 32
"""Pixels of an example image for an image encoder that takes every size."""


def own_caption_rate(code: Tensor, sentence: Tensor) -> Tensor:
    """Share of images whose nearest sentence of the batch, by cosine, is their own; a scalar.

    Args:
        code: (B, D).
        sentence: (B, D).
    """
    cosines = nn.functional.normalize(code, dim=1) @ nn.functional.normalize(sentence, dim=1).T
    return (cosines.argmax(1) == torch.arange(len(code), device=code.device)).float().mean()


@MODELS.register_module()
class DAMSM(AlternatingModel):
    """Deep attentional multimodal similarity model, on pairs of image and caption.

    One backward serves two optimisers, ``text_encoder`` (whose gradient AttnGAN clips) and
    ``image_encoder``. Both encoders are in training mode, the image trunk's batch norms included.
    AttnGAN (Xu et al., CVPR 2018), section 3.2.

    Args:
        text_encoder: e.g. :class:`DAMSMTextEncoder`.
        image_encoder: e.g. :class:`DAMSMImageEncoder`.
        loss: e.g. :class:`DAMSMLoss`.
        gather_batch: contrasts over the batches of all ranks instead of each rank's own.
        data_preprocessor, init_cfg: as for mmengine's ``BaseModel``.
    """

    needed_for_prediction = ('text_encoder', 'image_encoder')

    def __init__(self, text_encoder: dict, image_encoder: dict, loss: dict, gather_batch: bool = False,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(
            [Update('matching_losses', ('text_encoder', 'image_encoder'))], init_cfg=init_cfg,
            data_preprocessor=data_preprocessor or dict(type='ZooDataPreprocessor',
                                                        cpu_keys=('caption_length',)))
        self.text_encoder = MODELS.build(text_encoder)
        self.image_encoder = MODELS.build(image_encoder)
        self.loss = MODELS.build(loss)
        self.gather_batch = gather_batch
        self.finish_networks()

    def matching_losses(self, state: dict) -> dict[str, Tensor]:
        """The losses of a batch, and ``own_caption_rate``."""
        return self(**state, mode='loss')

    def forward(self, inputs: dict, data_samples: Sequence[DataSample] | None = None,
                mode: str = 'tensor') -> dict | tuple | list[DataSample]:
        """
        Args:
            inputs: ``img`` (B, 3, H, W) in [-1, 1], ``caption_ids`` (B, T), ``caption_length`` (B,),
                ``class_id`` (B,).
            data_samples: one an item, returned completed by ``predict``.
            mode: ``tensor`` for (words, sentence, regions, code); ``loss`` for the losses;
                ``predict`` for data samples that carry the batch's losses and ``own_caption_rate``.
        """
        words, sentence = self.text_encoder(inputs['caption_ids'], inputs['caption_length'])
        regions, code = self.image_encoder(inputs['img'])
        if mode == 'tensor':
            return words, sentence, regions, code
        lengths, gather = inputs['caption_length'], self.gather_batch and self.training
        if gather:
            words = pad_words(words, int(gather_rows(lengths).max()))
        losses = damsm_losses(self.loss, (regions, code), words, sentence, lengths, inputs['class_id'], gather)
        losses['own_caption_rate'] = own_caption_rate(code, sentence)
        if mode == 'loss':
            return losses
        samples = [sample.clone() for sample in data_samples]
        for sample in samples:
            for name, value in losses.items():
                sample.set_field(value.cpu(), name)
        return samples

    def remember_dataset(self, metainfo: Mapping) -> None:
        """Keeps the words that a checkpoint's text encoder was trained with, to compare data sets with."""
        unwrap(self.text_encoder).vocabulary = metainfo.get('vocabulary')

    def check_dataset(self, metainfo: Mapping) -> None:
        """Raises a :class:`DataError` if the data set has another vocabulary than the text encoder."""
        encoder = unwrap(self.text_encoder)
        check_vocabulary(metainfo, encoder.vocab_size, encoder.vocabulary)

    def example_item(self, number: int) -> dict:
        """A random item of the sizes that the model was built for, see :func:`example_caption_image`."""
        size = unwrap(self.image_encoder).input_size or ANY_SIZE
        return example_caption_image(number, size, unwrap(self.text_encoder).vocab_size)
