"""SSA-GAN's training procedure."""
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...errors import ConfigError, DataError
from ...registry import MODELS
from ...structures import DataSample
from ...utils import check_vocabulary
from ..base import AdversarialModel, Update, as_uint8_again, gather_rows, rank_rows, to_uint8, unwrap
from .blocks import Affine
from .contrast import damsm_losses, pad_words
from .example import example_caption_image
from .fuse import fuse_generator


@MODELS.register_module()
class SSAGAN(AdversarialModel):
    """Text to image generation with a semantic-spatial aware GAN.

    An iteration: captions are encoded; one forward of the generator serves both sides; D steps
    on the hinge loss, steps again on the matching-aware gradient penalty, and G steps on the
    twice updated D and the DAMSM loss. SSA-GAN (Liao et al., CVPR 2022), section 3.4.

    Args:
        generator: e.g. :class:`SSACNGenerator`.
        text_encoder: e.g. :class:`DAMSMTextEncoder`.
        discriminator: e.g. :class:`OneWayDiscriminator`. None: for inference only.
        image_encoder: e.g. :class:`DAMSMImageEncoder`. None: for inference only.
        loss_gan: hinge loss over matching, mismatching and generated pairs.
        loss_gp: penalty at real images with their own sentences. None: without it and its step.
        loss_damsm: on generated images.
        loss_encoders: DAMSM loss on real images that fine-tunes the encoders, with an optimiser
            named ``encoders``, before G and D see the batch; the encoders are then in training
            mode. None: encoders are frozen.
        merge_gp_step: hinge loss and penalty in one step of D, as DF-GAN's later release does.
        sort_batch: orders a batch by caption length, longest first. As released; it decides which
            captions are a neighbour's, and so a mismatch.
        gather_batch: contrasts and mismatches over the batches of all ranks instead of each
            rank's own.
        ema, accumulation_rounds, channels_last, data_preprocessor, init_cfg: see
            :class:`~genzoo.models.base.AlternatingModel`.
    """

    needed_for_prediction = ('generator', 'text_encoder')

    def __init__(self, generator: dict, text_encoder: dict, discriminator: dict | None = None,
                 image_encoder: dict | None = None, loss_gan: dict | None = None,
                 loss_gp: dict | None = None, loss_damsm: dict | None = None,
                 loss_encoders: dict | None = None, merge_gp_step: bool = False, sort_batch: bool = True,
                 gather_batch: bool = False, ema: Mapping[str, dict] | None = None,
                 accumulation_rounds: int = 1, channels_last: bool = False,
                 data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None) -> None:
        frozen = () if loss_encoders else tuple(
            name for name, cfg in (('text_encoder', text_encoder), ('image_encoder', image_encoder)) if cfg)
        super().__init__(
            _updates(merge_gp_step, bool(loss_gp), bool(loss_encoders)), ema=ema, frozen=frozen,
            accumulation_rounds=accumulation_rounds, channels_last=channels_last, init_cfg=init_cfg,
            data_preprocessor=data_preprocessor or dict(type='ZooDataPreprocessor',
                                                        cpu_keys=('caption_length',)))
        parts = dict(generator=generator, text_encoder=text_encoder, discriminator=discriminator,
                     image_encoder=image_encoder, loss_gan=loss_gan, loss_gp=loss_gp, loss_damsm=loss_damsm,
                     loss_encoders=loss_encoders)
        if discriminator and not (loss_gan and loss_damsm and image_encoder):
            raise ConfigError('model: SSAGAN with a discriminator is for training and needs loss_gan, loss_damsm and '
                              'image_encoder')
        for name, cfg in parts.items():
            if cfg:
                self.add_module(name, MODELS.build(cfg))
        self.sort_batch = sort_batch
        self.gather_batch = gather_batch
        self._fused = None
        self.finish_networks()

    # ----------------------------------------------------------------------- training
    def begin_iteration(self, inputs: dict, data_samples: Sequence | None) -> dict:
        """Encodes the captions and generates an image for each.

        Args:
            inputs: ``img`` (B, 3, H, W) in [-1, 1], ``caption_ids`` (B, T), ``caption_length`` (B,),
                ``class_id`` (B,).
            data_samples: unused.

        Returns:
            ``real`` and ``fake`` (B, 3, H, W); ``words`` (B, D, L) and ``attached_sentence`` (B, D), with
            their graph where the encoders are trained; ``sentence`` (B, D), without; ``lengths`` and
            ``class_ids`` (B,). Sorted by length, or, with ``gather_batch``, as the loader gave them;
            then also ``all_lengths`` (W * B,) over the W ranks, and L is the longest of these.
        """
        batch = dict(inputs, noise=self.draw_noise(len(inputs['img']), unwrap(self.generator).noise_size))
        if not self.gather_batch:  # otherwise only the order of the global batch counts
            order = self._order(inputs['caption_length'])
            batch = {key: value[order.to(value.device)] for key, value in batch.items()}
        with torch.set_grad_enabled('loss_encoders' in self._modules):
            words, sentence = self.text_encoder(batch['caption_ids'], batch['caption_length'])
        state = dict(real=batch['img'], words=words, sentence=sentence.detach(), attached_sentence=sentence,
                     lengths=batch['caption_length'], class_ids=batch['class_id'])
        if self.gather_batch:
            state['all_lengths'] = gather_rows(state['lengths'])
            state['words'] = pad_words(words, int(state['all_lengths'].max()))
        return state | dict(fake=self.generator(batch['noise'], state['sentence'])['fake_img'])

    def _order(self, lengths: Tensor) -> Tensor:
        return (torch.argsort(lengths, descending=True, stable=True) if self.sort_batch
                else torch.arange(len(lengths), device=lengths.device))

    def discriminator_losses(self, state: dict) -> dict[str, Tensor]:
        """Hinge loss over matching, mismatching and generated pairs."""
        judge = unwrap(self.discriminator).logits
        real = self.discriminator(state['real'])
        fake = self.discriminator(state['fake'].detach())
        first, second, weight = self._mismatches(state)
        return self.loss_gan.discriminator(
            judge(real, state['sentence']), judge(real[first], second),
            judge(fake, state['sentence']), weight)

    def _mismatches(self, state: dict) -> tuple[slice | Tensor, Tensor, float]:
        """Which images get another's sentence, the sentences, and the weight of their mean.

        Image i gets the sentence of image i + 1 of the (sorted) batch, the last image none.
        """
        sentence = state['sentence']
        sentences = gather_rows(sentence) if self.gather_batch else sentence
        total = len(sentences)
        if total < 2:
            raise DataError('train_dataloader.global_batch_size: the mismatching pairs of SSA-GAN need at least two '
                            'samples a batch; use global_batch_size >= 2.')
        if not self.gather_batch:
            return slice(0, -1), sentence[1:], 1.0
        order = self._order(state['all_lengths'])
        place = torch.empty_like(order)
        place[order] = torch.arange(total, device=order.device)
        place = rank_rows(place)
        mine = torch.nonzero(place < total - 1).flatten()
        share = len(mine) * (total // len(sentence)) / (total - 1)
        successors = order[place[mine] + 1]
        return mine.to(sentence.device), sentences[successors.to(sentence.device)], share

    def penalty_losses(self, state: dict) -> dict[str, Tensor]:
        """Matching-aware gradient penalty, in float32 whatever the precision of the rest."""
        with torch.autocast(state['real'].device.type, enabled=False):
            images = state['real'].float().detach().requires_grad_()
            sentences = state['sentence'].float().detach().requires_grad_()
            logits = unwrap(self.discriminator).logits(self.discriminator(images), sentences)
            return dict(loss_gp=self.loss_gp(logits, images, sentences))

    def discriminator_and_penalty_losses(self, state: dict) -> dict[str, Tensor]:
        """Both of D's losses, for the merged step."""
        return self.discriminator_losses(state) | self.penalty_losses(state)

    def generator_losses(self, state: dict) -> dict[str, Tensor]:
        """Adversarial loss and DAMSM loss of the generated images."""
        discriminator = unwrap(self.discriminator)
        logits = discriminator.logits(discriminator(state['fake']), state['sentence'])
        damsm = self._damsm(self.loss_damsm, unwrap(self.image_encoder)(state['fake']), state['words'].detach(),
                            state['sentence'], state)
        return dict(loss_g=self.loss_gan(logits), loss_damsm=sum(damsm.values()))

    def encoder_losses(self, state: dict) -> dict[str, Tensor]:
        """DAMSM loss of the real images, for fine-tuning the encoders."""
        damsm = self._damsm(self.loss_encoders, self.image_encoder(state['real']), state['words'],
                            state['attached_sentence'], state)
        return dict(loss_encoders=sum(damsm.values()))

    def _damsm(self, loss: nn.Module, features: tuple[Tensor, Tensor], words: Tensor, sentence: Tensor,
               state: dict) -> dict[str, Tensor]:
        return damsm_losses(loss, features, words, sentence, state['lengths'], state['class_ids'],
                            self.gather_batch)

    def remember_dataset(self, metainfo: Mapping) -> None:
        """Keeps the words that a checkpoint's text encoder was trained with, to compare data sets with."""
        unwrap(self.text_encoder).vocabulary = metainfo.get('vocabulary')

    def check_dataset(self, metainfo: Mapping) -> None:
        """Raises a :class:`DataError` if the data set has another vocabulary than the text encoder."""
        encoder = unwrap(self.text_encoder)
        check_vocabulary(metainfo, encoder.vocab_size, encoder.vocabulary)

    def example_item(self, number: int) -> dict:
        """A random item of the sizes that the model was built for, see :func:`example_caption_image`."""
        return example_caption_image(number, unwrap(self.generator).resolution, unwrap(self.text_encoder).vocab_size)

    # ---------------------------------------------------------------------- prediction
    def forward(self, inputs: dict, data_samples: Sequence[DataSample] | None = None,
                mode: str = 'tensor') -> dict | list[DataSample]:
        """
        Args:
            inputs: ``caption_ids`` (B, T), ``caption_length`` (B,), ``img`` (B, 3, H, W) in [-1, 1]
                unless only captions are given, and optionally ``noise`` (B, noise_size).
            data_samples: one an item, returned completed by ``predict``.
            mode: ``tensor`` for the generator's output, ``loss`` for all losses of the batch,
                ``predict`` for data samples with ``fake_img`` and ``masks``.
        """
        if mode == 'loss':
            state = self.begin_iteration(inputs, data_samples)
            penalty = self.penalty_losses(state) if 'loss_gp' in self._modules else {}
            return self.discriminator_losses(state) | penalty | self.generator_losses(state)
        noise = inputs.get('noise')
        if noise is None and data_samples is not None:
            noise = self.sample_noise(data_samples, self.network('generator').noise_size)
        output = self.generate(inputs['caption_ids'], inputs['caption_length'], noise)
        return output if mode == 'tensor' else self._predictions(output, inputs, data_samples)

    @torch.no_grad()
    def generate(self, caption_ids: Tensor, caption_length: Tensor, noise: Tensor | None = None) -> dict:
        """Images for captions.

        Args:
            caption_ids: (B, T) int64.
            caption_length: (B,) int64.
            noise: (B, noise_size); drawn if not given.

        Returns:
            The generator's output.
        """
        generator = self._fused or self.network('generator')
        # A caption with several noises is encoded once, and its gammas and betas are computed once.
        captions, which = torch.unique(torch.cat([caption_ids.cpu(), caption_length.cpu()[:, None]], dim=1),
                                       dim=0, return_inverse=True)
        device = self.data_preprocessor.device
        _, sentence = unwrap(self.text_encoder)(captions[:, :-1].to(device), captions[:, -1])
        affines = [Affine(*(value[which.to(device)] for value in pair)) for pair in generator.affines(sentence)]
        noise = self.draw_noise(len(which), generator.noise_size) if noise is None else noise
        return generator(noise, sentence, affines)

    def prepare_inference(self, compile: bool = False) -> None:
        """Keeps only what predictions need, the generator with its batch norms folded in.

        The model can no longer be trained or saved.

        Args:
            compile: with :func:`torch.compile`, at the first call.
        """
        self.keep_for_prediction()
        self._fused = fuse_generator(self.generator)
        if compile:
            self._fused.compile(dynamic=True)

    @staticmethod
    def _predictions(output: dict, inputs: dict, data_samples: Sequence[DataSample] | None) -> list[DataSample]:
        fakes = to_uint8(output['fake_img']).cpu()
        reals = [None] * len(fakes)
        if 'img' in inputs:  # these were bytes, which rounding gives back
            reals = as_uint8_again(inputs['img']).cpu()
        masks = [mask.float().cpu() for mask in output['masks']]
        samples = [sample.clone() for sample in data_samples or [DataSample() for _ in fakes]]
        for i, sample in enumerate(samples):
            sample.fake_img = fakes[i]
            sample.masks = [mask[i] for mask in masks]
            if reals[i] is not None:
                sample.gt_img = reals[i]
            for key in ('caption_ids', 'caption_length', 'class_id'):
                if key in inputs:
                    sample.set_field(inputs[key][i].cpu(), key)
        return samples


def _updates(merge_gp_step: bool, penalty: bool, finetune: bool) -> list[Update]:
    if merge_gp_step and penalty:
        discriminator = [Update('discriminator_and_penalty_losses', ('discriminator',))]
    else:
        discriminator = [Update(losses, ('discriminator',)) for losses in
                         ('discriminator_losses', 'penalty_losses')[:1 + penalty]]
    encoders = [Update('encoder_losses', ('encoders',))] if finetune else []
    return [*encoders, *discriminator, Update('generator_losses', ('generator',))]
