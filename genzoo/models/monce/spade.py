"""Paired translation and how it is trained."""
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

from ...errors import ConfigError, DataError
from ...registry import MODELS
from ...structures import DataSample
from ..base import AdversarialModel, Update, as_uint8_again, completed_samples, to_uint8, unwrap
from .semantics import MODES, encode_labels, instance_edges


@MODELS.register_module()
class SPADEModel(AdversarialModel):
    """Label maps to images: hinge GAN, feature matching, and contrast of VGG features with the real image.

    An iteration: the generator steps; then D steps on an image that the updated generator draws anew. Both in
    training mode, so that batch statistics and spectral norms advance in both steps, as released. SPADE (Park et
    al., CVPR 2019); MoNCE (Zhan et al., CVPR 2022) in place of the perceptual loss.

    Args:
        generator: e.g. :class:`SPADEGenerator`.
        discriminator: e.g. :class:`SPADEMultiscaleDiscriminator`. None: for inference only.
        loss_gan: e.g. a hinge :class:`~genzoo.models.losses.GANLoss`.
        loss_features: :class:`~genzoo.models.losses.DiscriminatorFeatureMatchingLoss`. None: without.
        loss_contrast: :class:`~genzoo.models.losses.MoNCEVGGLoss`. None: without.
        label_mode: how the label map is encoded, see :func:`encode_labels`.
        instance_edges: appends the edges of ``instance`` as a channel; it counts in the networks' label_channels.
        data_preprocessor: :class:`LabelDataPreprocessor` for these labels by default.
        ema, accumulation_rounds, channels_last, init_cfg: see :class:`~genzoo.models.base.AlternatingModel`.

    Raises:
        ConfigError: unknown label mode, loss_gan is missing, or the networks read label maps of unlike channels.
    """

    needed_for_prediction = ('generator',)

    def __init__(self, generator: dict, discriminator: dict | None = None, loss_gan: dict | None = None,
                 loss_features: dict | None = None, loss_contrast: dict | None = None, label_mode: str = 'index',
                 instance_edges: bool = False, ema: Mapping[str, dict] | None = None, accumulation_rounds: int = 1,
                 channels_last: bool = False, data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None) -> None:
        if label_mode not in MODES:
            raise ConfigError(f'model.label_mode={label_mode!r}: is none of {", ".join(MODES)}')
        if discriminator and not loss_gan:
            raise ConfigError('model: SPADEModel with a discriminator is for training and needs loss_gan')
        super().__init__(
            (Update('generator_losses', ('generator',)), Update('discriminator_losses', ('discriminator',))), ema=ema,
            accumulation_rounds=accumulation_rounds, channels_last=channels_last, init_cfg=init_cfg,
            data_preprocessor=data_preprocessor or dict(
                type='LabelDataPreprocessor', mode=label_mode,
                num_classes=generator['label_channels'] - instance_edges))
        for name, cfg in dict(generator=generator, discriminator=discriminator, loss_gan=loss_gan,
                              loss_features=loss_features, loss_contrast=loss_contrast).items():
            self.add_module(name, MODELS.build(cfg) if cfg else None)
        self.label_mode = label_mode
        self.instance_edges = instance_edges
        self._require_same_channels()
        self.finish_networks()

    def _require_same_channels(self) -> None:
        mine, theirs = (getattr(network, 'label_channels', None) for network in (self.generator, self.discriminator))
        if None not in (mine, theirs) and mine != theirs:
            raise ConfigError(f'model.discriminator.label_channels={theirs}: the generator has {mine}. Set both to the '
                              'number of classes, and one more with instance_edges.')

    @property
    def num_classes(self) -> int:
        """Channels of the label map, without the edges of instances."""
        return unwrap(self.generator).label_channels - self.instance_edges

    def check_dataset(self, metainfo: Mapping) -> None:
        """Raises a :class:`DataError` if the data set has other classes than the networks, or lacks instance maps."""
        given = metainfo.get('num_classes')
        if given is not None and given != self.num_classes:
            raise DataError(f'{metainfo.get("dataset_name", "data set")}: has {given} classes, the networks were built '
                            f'for {self.num_classes}. Set label_channels={given + self.instance_edges} of generator '
                            'and discriminator, or take the config of this data set.')
        if self.instance_edges and metainfo.get('has_instances') is False:
            raise DataError(f'{metainfo.get("dataset_name", "data set")}: is read without instance maps, which '
                            'model.instance_edges needs. Set instances=True of the data set (of folders of your own '
                            'instance_dir), or instance_edges=False and label_channels one lower.')

    def encode(self, inputs: dict) -> Tensor:
        """The label map as the networks read it.

        Args:
            inputs: ``label`` (B, L, H, W), and ``instance`` (B, 1, H, W) for ``instance_edges``.

        Returns:
            (B, label_channels, H, W).

        Raises:
            DataError: see :func:`encode_labels`; or there is no ``instance``.
        """
        labels = encode_labels(inputs['label'], self.num_classes, self.label_mode)
        if self.instance_edges and 'instance' not in inputs:
            raise DataError('inputs: without instance, which model.instance_edges reads. Give a data set with instance '
                            'maps, or set instance_edges=False and label_channels one lower.')
        return torch.cat([labels, instance_edges(inputs['instance'])], 1) if self.instance_edges else labels

    # ----------------------------------------------------------------------- training
    def begin_iteration(self, inputs: dict, data_samples: Sequence | None) -> dict:
        """
        Args:
            inputs: ``label``, ``instance`` as for :meth:`encode`; ``img`` (B, 3, H, W), in [-1, 1].
            data_samples: unused.

        Returns:
            ``labels``, encoded, and ``real``, the images.

        Raises:
            ConfigError: the images are not of the generator's size, or so few that its norms have no statistics.
        """
        given, made = tuple(inputs['img'].shape[2:]), unwrap(self.generator).image_size
        if given != made:
            raise ConfigError(f'model.generator: makes images of {made[1]}x{made[0]} pixels, the data set yields '
                              f'{given[1]}x{given[0]}. Set crop_size and aspect_ratio of both to the same.')
        self._require_statistics(len(inputs['img']))
        return dict(labels=self.encode(inputs), real=inputs['img'])

    def _require_statistics(self, count: int) -> None:
        if count > 1 or getattr(unwrap(self.generator), 'start', None) != (1, 1):
            return
        if not any(isinstance(module, nn.SyncBatchNorm) for module in self.generator.modules()):
            raise ConfigError('model.generator: starts from 1x1 pixels, and a batch of one image a process leaves its '
                              'batch norms nothing to average. Raise global_batch_size, or crop_size.')

    def _noise(self, count: int) -> Tensor | None:
        """What the generator starts from where it is not the label map, drawn anew for each forward pass."""
        generator = unwrap(self.generator)
        return self.draw_noise(count, generator.noise_size) if generator.use_vae else None

    def _judge(self, judge: nn.Module, state: dict, fake: Tensor) -> tuple[list, list]:
        """What D says of generated and of real images, in one batch, the generated ones first."""
        scales = judge(torch.cat([state['labels']] * 2), torch.cat([fake, state['real']]))
        halves = [[maps.chunk(2) for maps in scale] for scale in scales]
        return tuple([[half[side] for half in scale] for scale in halves] for side in (0, 1))

    def generator_losses(self, state: dict) -> dict[str, Tensor]:
        """Hinge loss over scales, feature matching, and the contrast with the real image."""
        fake = self.generator(state['labels'], self._noise(len(state['labels'])))
        on_fake, on_real = self._judge(unwrap(self.discriminator), state, fake)
        losses = dict(loss_g=self.loss_gan([scale[-1] for scale in on_fake]))
        if self.loss_features is not None:
            losses['loss_features'] = self.loss_features(on_fake, on_real)
        if self.loss_contrast is not None:
            losses['loss_contrast'] = self.loss_contrast(fake, state['real'], generator=self._noise_generator())
        return losses

    def discriminator_losses(self, state: dict) -> dict[str, Tensor]:
        """Hinge loss over scales for real images and for newly generated ones, summed."""
        with torch.no_grad():
            fake = unwrap(self.generator)(state['labels'], self._noise(len(state['labels'])))
        on_fake, on_real = self._judge(self.discriminator, state, fake)
        return dict(loss_d_fake=self.loss_gan.fake_side([scale[-1] for scale in on_fake]),
                    loss_d_real=self.loss_gan.real_side([scale[-1] for scale in on_real]))

    def example_item(self, number: int) -> dict:
        """A random label map and image of the generator's size, as the data sets yield them.

        Args:
            number: decides all that is random.
        """
        generator, rng = unwrap(self.generator), torch.Generator().manual_seed(number)
        size, classes = generator.image_size, self.num_classes
        if self.label_mode == 'dense':
            label = torch.rand(classes, *size, generator=rng)
        else:
            label = torch.randint(classes, (1, *size), generator=rng)
            if self.label_mode != 'index':
                label = torch.cat([label, torch.randint(2, (1, *size), generator=rng)])
        inputs = dict(label=label, img=torch.randint(256, (3, *size), dtype=torch.uint8, generator=rng))
        if self.instance_edges:
            inputs['instance'] = torch.randint(5, (1, *size), generator=rng)
        return dict(inputs=inputs, data_samples=DataSample(key=f'example_{number}'))

    # ---------------------------------------------------------------------- prediction
    def forward(self, inputs: dict, data_samples: Sequence[DataSample] | None = None,
                mode: str = 'tensor') -> Tensor | dict | list[DataSample]:
        """
        Args:
            inputs: as for :meth:`begin_iteration`; ``img`` may be missing where nothing is trained.
            data_samples: one an item, returned completed by ``predict``.
            mode: ``tensor`` for images, ``loss`` for all losses of the batch, ``predict`` for data samples with
                ``fake_img``, ``label`` and ``gt_img``.
        """
        if mode == 'loss':
            state = self.begin_iteration(inputs, data_samples)
            return self.generator_losses(state) | self.discriminator_losses(state)
        fakes = self.generate(inputs, data_samples)
        return fakes if mode == 'tensor' else self._predictions(fakes, inputs, data_samples)

    @torch.no_grad()
    def generate(self, inputs: dict, data_samples: Sequence[DataSample] | None = None) -> Tensor:
        """Images for label maps, (B, 3, H, W) in [-1, 1].

        Args:
            inputs: as for :meth:`encode`; for ``use_vae`` optionally ``noise`` (B, noise_size).
            data_samples: what noise depends on, see :meth:`sample_noise`.
        """
        generator, labels, noise = self.network('generator'), self.encode(inputs), inputs.get('noise')
        if generator.use_vae and noise is None:
            noise = (self.sample_noise(data_samples, generator.noise_size) if data_samples
                     else self.draw_noise(len(labels), generator.noise_size))
        return generator(labels, noise)

    def prepare_inference(self, compile: bool = False) -> None:
        """Keeps only what predictions need; the model can no longer be trained or saved.

        Args:
            compile: with :func:`torch.compile`, at the first call.
        """
        self.keep_for_prediction()
        for layer in list(self.generator.modules()):
            if is_parametrized(layer, 'weight'):  # spectral norm, which would divide weights at each call
                remove_parametrizations(layer, 'weight')
        if compile:
            self.generator.compile(dynamic=True)

    @staticmethod
    def _predictions(fakes: Tensor, inputs: dict, data_samples: Sequence[DataSample] | None) -> list[DataSample]:
        fields = dict(fake_img=to_uint8(fakes), label=inputs['label'])
        if 'img' in inputs:
            fields['gt_img'] = as_uint8_again(inputs['img'])
        return completed_samples(data_samples, fields)
