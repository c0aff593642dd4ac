"""Unpaired translation and how it is trained."""
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ConfigError, DataError
from ...registry import MODELS
from ...structures import DataSample
from ..base import AdversarialModel, Update, as_uint8_again, completed_samples, to_uint8, unwrap
from ..losses import MoNCELoss, draw_patch_ids

MULTIPLE = 4  # of which height and width must be
SMALLEST = 8  # pixels; of less nothing is left to mirror at the border of the smallest features


def require_size(images: Tensor) -> None:
    """
    Args:
        images: (B, 3, H, W).

    Raises:
        DataError: they are too small to be translated.
    """
    height, width = images.shape[2:]
    if min(height, width) < SMALLEST:
        raise DataError(f'an image of {width} x {height} pixels: the smallest that can be translated has '
                        f'{SMALLEST} x {SMALLEST}. Enlarge it, or set a larger crop_size.')


def require_layers(layers: Sequence[int], count: int) -> None:
    """
    Args:
        layers: model.nce_layers.
        count: how many layers the generator has.

    Raises:
        ConfigError: they are no rising numbers of its layers.
    """
    numbers = list(layers) if isinstance(layers, (list, tuple)) else []
    whole = all(isinstance(number, int) and 0 <= number < count for number in numbers)
    if not (numbers and whole and numbers == sorted(set(numbers))):
        raise ConfigError(f'model.nce_layers={layers!r}: must be numbers of layers of the generator, which has 0 to '
                          f'{count - 1}, in rising order, e.g. (0, 4, 8).')


@MODELS.register_module()
class CUT(AdversarialModel):
    """Unpaired image translation: a GAN on the target domain, and contrast that keeps each patch what it was.

    An iteration: one pass of the generator over images of both domains; D steps; then the generator and the patch
    sampler step together on the adversarial loss and on the contrast of source and translation (and of target
    image and its identity translation). Keys are the activations of that one pass, queries come from encoding the
    outputs. CUT (Park et al., ECCV 2020); MoNCE (Zhan et al., CVPR 2022) in the contrast.

    Args:
        generator: e.g. :class:`CUTResnetGenerator`.
        discriminator: e.g. :class:`CUTPatchDiscriminator`. None: for inference only.
        patch_sampler: e.g. :class:`PatchSampler`; heads that it lacks are made here.
        loss_gan: e.g. a least squares :class:`~genzoo.models.losses.GANLoss`.
        loss_contrast: :class:`~genzoo.models.losses.MoNCELoss` or
            :class:`~genzoo.models.losses.PatchNCELoss`, whose ``loss_weight`` is the papers' lambda_NCE. None: no
            contrast.
        nce_layers: numbers of the generator's layers whose outputs are compared, rising.
        num_patches: a layer. The weights of MoNCELoss follow its own ``num_patches``; change both.
        nce_idt: contrasts target images with their identity translations, too, each half.
        flip_equivariance: mirrors the generator's input in half of the iterations, and the features of its output
            back (FastCUT).
        entropy_interval: logs each layer's :meth:`~genzoo.models.losses.MoNCELoss.weight_entropy` every so many
            iterations, as ``entropy_<layer>``. 0: never.
        example_size: side of the images that a benchmark makes up, pixels.
        ema, accumulation_rounds, channels_last, data_preprocessor, init_cfg: see
            :class:`~genzoo.models.base.AlternatingModel`.

    Raises:
        ConfigError: parts for training are missing, or there is nothing to compare.
    """

    needed_for_prediction = ('generator',)

    def __init__(self, generator: dict, discriminator: dict | None = None, patch_sampler: dict | None = None,
                 loss_gan: dict | None = None, loss_contrast: dict | None = None,
                 nce_layers: Sequence[int] = (0, 4, 8, 12, 16), num_patches: int = 256, nce_idt: bool = True,
                 flip_equivariance: bool = False, entropy_interval: int = 0, example_size: int = 256,
                 ema: Mapping[str, dict] | None = None, accumulation_rounds: int = 1, channels_last: bool = False,
                 data_preprocessor: dict | nn.Module | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(
            (Update('discriminator_losses', ('discriminator',)), Update('generator_losses', ('generator',))), ema=ema,
            accumulation_rounds=accumulation_rounds, channels_last=channels_last, init_cfg=init_cfg,
            data_preprocessor=data_preprocessor)
        if discriminator and (not loss_gan or bool(loss_contrast) != bool(patch_sampler)):
            raise ConfigError('model: CUT with a discriminator is for training and needs loss_gan, and patch_sampler '
                              'and loss_contrast together')
        if entropy_interval and not (loss_contrast and issubclass(MODELS.get(loss_contrast['type']), MoNCELoss)):
            raise ConfigError(f'model.entropy_interval={entropy_interval}: only MoNCELoss has weights. Set it to 0.')
        for name, cfg in dict(generator=generator, discriminator=discriminator, patch_sampler=patch_sampler,
                              loss_gan=loss_gan).items():
            if cfg:
                self.add_module(name, MODELS.build(cfg))
        self.loss_contrast = MODELS.build(dict(loss_contrast, reduction='none')) if loss_contrast else None
        if loss_contrast:
            require_layers(nce_layers, len(self.generator.model))
            self._require_patches(num_patches)
        self.nce_layers = tuple(nce_layers) if loss_contrast else ()
        self.num_patches = num_patches
        self.nce_idt = nce_idt
        self.flip_equivariance = flip_equivariance
        self.entropy_interval = entropy_interval
        self.example_size = example_size
        if patch_sampler:
            self.patch_sampler.create_heads(self._channels())
            if list(self.patch_sampler.parameters()):
                self.updates = (self.updates[0], Update('generator_losses', ('generator', 'patch_sampler')))
        self.finish_networks()

    def _require_patches(self, num_patches: int) -> None:
        least = 1 if self.loss_contrast.all_negatives else 2  # an image's only patch has no negatives
        if not isinstance(num_patches, int) or num_patches < least:
            raise ConfigError(f'model.num_patches={num_patches!r}: must be a whole number, {least} or more')

    @torch.no_grad()
    def _channels(self) -> list[int]:
        """Of the compared layers; found by encoding a small image."""
        image = torch.zeros(1, self.generator.model[1].in_channels, 32, 32)
        was_training = self.generator.training
        features = self.generator.eval()(image, self.nce_layers, encode_only=True)
        self.generator.train(was_training)
        return [maps.shape[1] for maps in features]

    # ----------------------------------------------------------------------- training
    def begin_iteration(self, inputs: dict, data_samples: Sequence | None) -> dict:
        """One pass of the generator over both domains.

        Args:
            inputs: ``img_a`` and ``img_b``, (B, 3, H, W), in [-1, 1].
            data_samples: unused.

        Returns:
            ``real_b`` and ``fake_b`` (B, 3, H, W); ``translated``, ``fake_b`` and with ``nce_idt`` the identity
            translations below it; ``keys``, feature maps of what was translated, a list; ``flipped``.

        Raises:
            DataError: images are smaller than 8 pixels, or with ``nce_idt`` of two sizes.
        """
        require_size(inputs['img_a'])
        if self.nce_idt and inputs['img_a'].shape != inputs['img_b'].shape:
            sizes = ' and '.join(f'{image.shape[3]} x {image.shape[2]}' for image in inputs.values())
            raise DataError(f'images of the domains are of {sizes} pixels: for the identity term they must be of one '
                            'size. Crop them alike, or set model.nce_idt=False.')
        images = torch.cat([inputs['img_a'], inputs['img_b']]) if self.nce_idt else inputs['img_a']
        flipped = self.flip_equivariance and bool(torch.rand((), generator=self._noise_generator()) < 0.5)
        output = self.generator(images.flip(-1) if flipped else images, layers=self.nce_layers)
        translated, keys = output if self.nce_layers else (output, [])
        if flipped:
            with torch.no_grad():
                keys = self._encode(images)
        return dict(real_b=inputs['img_b'], fake_b=translated[:len(inputs['img_a'])], translated=translated,
                    keys=[maps.detach() for maps in keys], flipped=flipped)

    def _encode(self, images: Tensor) -> list[Tensor]:
        return unwrap(self.generator)(images, self.nce_layers, encode_only=True) if self.nce_layers else []

    def discriminator_losses(self, state: dict) -> dict[str, Tensor]:
        """Half the sum of what D pays for real and for translated images."""
        real = self.loss_gan.real_side(self.discriminator(state['real_b']))
        fake = self.loss_gan.fake_side(self.discriminator(state['fake_b'].detach()))
        return dict(loss_d=0.5 * (real + fake), d_real=real.detach(), d_fake=fake.detach())

    def generator_losses(self, state: dict) -> dict[str, Tensor]:
        """Adversarial loss, and the contrast of each domain."""
        logits = unwrap(self.discriminator)(state['fake_b'])
        return dict(loss_g=self.loss_gan(logits), **self.contrast(state))

    def contrast(self, state: dict, ids: Sequence[Tensor] | None = None) -> dict[str, Tensor]:
        """The contrast between what was translated and the translations.

        Args:
            state: what :meth:`begin_iteration` returns.
            ids: places to compare, (B, n) a layer, or (2B, n) with ``nce_idt``; drawn by default.

        Returns:
            ``loss_nce``, and with ``nce_idt`` ``loss_nce_idt``, each half of its mean; entropies, when it is time.
        """
        if self.loss_contrast is None:
            return {}
        queries = self._encode(state['translated'])
        if state['flipped']:
            queries = [maps.flip(-1) for maps in queries]
        ids = self._draw_ids(state['keys']) if ids is None else ids
        with torch.no_grad():
            keys, _ = unwrap(self.patch_sampler)(state['keys'], ids=ids)
        samples, _ = self.patch_sampler(queries, ids=ids)
        per_image, entropies = self._contrast_layers(samples, keys), self._entropies(samples, keys)
        if not self.nce_idt:
            return dict(entropies, loss_nce=per_image.mean())
        source, target = per_image.chunk(2)
        return dict(entropies, loss_nce=0.5 * source.mean(), loss_nce_idt=0.5 * target.mean())

    def _entropies(self, queries: Sequence[Tensor], keys: Sequence[Tensor]) -> dict[str, Tensor]:
        if not self.entropy_interval or self._current_iteration() % self.entropy_interval:
            return {}
        domains, entropy = 1 + self.nce_idt, self.loss_contrast.weight_entropy
        return {f'entropy_{layer}': torch.stack(list(map(entropy, q.chunk(domains), k.chunk(domains)))).mean()
                for layer, q, k in zip(self.nce_layers, queries, keys)}

    def _draw_ids(self, features: Sequence[Tensor]) -> list[Tensor]:
        """The same places for all images of a domain and on all ranks."""
        domains, generator = 1 + self.nce_idt, self._noise_generator()
        draws = [[draw_patch_ids(maps.shape[2] * maps.shape[3], self.num_patches, generator) for maps in features]
                 for _ in range(domains)]
        size = len(features[0]) // domains
        return [torch.stack(places).repeat_interleave(size, 0) for places in zip(*draws)]

    def _contrast_layers(self, queries: Sequence[Tensor], keys: Sequence[Tensor]) -> Tensor:
        """Means over the patches and layers of each image, (B,); layers of one size are one batch."""
        if self.loss_contrast.all_negatives:  # images of a layer are one problem, those of a domain
            pieces = [[pair.chunk(1 + self.nce_idt) for pair in layer] for layer in zip(queries, keys)]
            return torch.stack([torch.cat([self.loss_contrast(q, k).mean(1) for q, k in zip(*layer)])
                                for layer in pieces]).mean(0)
        layers: list[Tensor] = []
        for shape in dict.fromkeys(query.shape[1:] for query in queries):
            group = [(q, k) for q, k in zip(queries, keys) if q.shape[1:] == shape]
            losses = self.loss_contrast(torch.cat([q for q, _ in group]), torch.cat([k for _, k in group]))
            layers += losses.mean(1).chunk(len(group))
        return torch.stack(layers).mean(0)

    def example_item(self, number: int) -> dict:
        """Random images of both domains, as the data sets yield them.

        Args:
            number: decides all that is random.
        """
        rng = torch.Generator().manual_seed(number)
        images = torch.randint(256, (2, 3, self.example_size, self.example_size), dtype=torch.uint8, generator=rng)
        return dict(inputs=dict(img_a=images[0], img_b=images[1]), data_samples=DataSample(key=f'example_{number}'))

    # ---------------------------------------------------------------------- prediction
    def forward(self, inputs: dict, data_samples: Sequence[DataSample] | None = None,
                mode: str = 'tensor') -> Tensor | dict | list[DataSample]:
        """
        Args:
            inputs: ``img_a`` and, unless only translations are wanted, ``img_b``: (B, 3, H, W), in [-1, 1].
            data_samples: one an item, returned completed by ``predict``.
            mode: ``tensor`` for the translations, ``loss`` for all losses of the batch, ``predict`` for data
                samples with ``fake_img``, ``source_img`` and ``gt_img``.
        """
        if mode == 'loss':
            state = self.begin_iteration(inputs, data_samples)
            return self.discriminator_losses(state) | self.generator_losses(state)
        fakes = self.translate(inputs['img_a'])
        return fakes if mode == 'tensor' else self._predictions(fakes, inputs, data_samples)

    @torch.no_grad()
    def translate(self, images: Tensor) -> Tensor:
        """Translations of images of any size; sides that are no multiple of 4 are mirrored on and cut off again.

        Args:
            images: (B, 3, H, W), in [-1, 1].

        Returns:
            (B, 3, H, W), in [-1, 1].

        Raises:
            DataError: an image is smaller than 8 pixels.
        """
        require_size(images)
        height, width = images.shape[2:]
        padded = F.pad(images, (0, -width % MULTIPLE, 0, -height % MULTIPLE), 'reflect')
        return self.network('generator')(padded)[:, :, :height, :width]

    def prepare_inference(self, compile: bool = False) -> None:
        """Keeps only what predictions need; the model can no longer be trained or saved.

        Args:
            compile: with :func:`torch.compile`, at the first call.
        """
        self.keep_for_prediction()
        if compile:
            self.generator.compile(dynamic=True)

    @staticmethod
    def _predictions(fakes: Tensor, inputs: dict, data_samples: Sequence[DataSample] | None) -> list[DataSample]:
        fields = dict(fake_img=to_uint8(fakes), source_img=as_uint8_again(inputs['img_a']))
        if 'img_b' in inputs:
            fields['gt_img'] = as_uint8_again(inputs['img_b'])
        return completed_samples(data_samples, fields)
