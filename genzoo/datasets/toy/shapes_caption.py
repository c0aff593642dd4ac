"""SSA-GAN's toy task: pictures of one shape, with captions."""
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtri

from ...errors import ConfigError
from ...registry import DATASETS
from ...utils.shapes import ATTRIBUTES, BACKGROUNDS, BASE_SIZE, CAPTIONS, COLOURS, SIZES, attributes_of
from ..vocabulary import Vocabulary, tokenise
from .procedural import ProceduralDataset

NOISE_SIGMA = 0.02
NOISE_QUANTILES = np.float32(NOISE_SIGMA * ndtri((np.arange(2 ** 16) + 0.5) / 2 ** 16))
"""Of the normal distribution, at 65,536 levels."""
CENTRE_RANGE = (12, 20)
"""Both coordinates of a shape's centre, in pixels of a 32-pixel image, both ends included."""

PARAPHRASES = (
    'a {size} {colour} {shape} on a {background} background',
    'a {colour} {shape} on a {background} background',
    'a {size} {colour} {shape} with a {background} background',
    '{colour} {shape} with a {background} background',
)
"""The first is the caption proper; those without the size word are shorter."""

NAMES = [{name: ATTRIBUTES[name][index] for name, index in attributes_of(caption_id).items()}
         for caption_id in range(len(CAPTIONS))]
"""What each caption says, in words."""


def shape_mask(shape: str, radius: float, centre: tuple[int, int], size: int) -> np.ndarray:
    """Pixels of a shape with hard edges.

    Args:
        shape: circle (of this radius), square (half-side 0.88 r) or cross (arm 1.1 r,
            half-width 0.4 r).
        radius: r, in pixels.
        centre: x and y, the pixel in the middle.
        size: of the image, in pixels.

    Returns:
        (size, size) bool, row y, column x.
    """
    x = np.abs(np.arange(size) - centre[0])[None, :]
    y = np.abs(np.arange(size) - centre[1])[:, None]
    if shape == 'circle':
        return x ** 2 + y ** 2 <= radius ** 2
    if shape == 'square':
        return np.maximum(x, y) <= 0.88 * radius
    return (np.maximum(x, y) <= 1.1 * radius) & (np.minimum(x, y) <= 0.4 * radius)


def draw_shape(caption_id: int, size: int, rng: np.random.RandomState) -> np.ndarray:
    """A picture of what ``CAPTIONS[caption_id]`` says; place, exact radius and noise are random.

    Args:
        caption_id: in 0..107.
        size: of the image in pixels; lengths are given for 32 and scale with it.
        rng: is drawn from.

    Returns:
        (size, size, 3) uint8, RGB.
    """
    scale = size / BASE_SIZE
    names = NAMES[caption_id]
    radius = scale * (SIZES[names['size']] + rng.randint(-1, 2))
    low, high = (int(scale * end) for end in CENTRE_RANGE)
    mask = shape_mask(names['shape'], radius, rng.randint(low, high + 1, size=2), size)
    clean = np.where(mask[..., None], np.float32(COLOURS[names['colour']]),
                     np.float32(BACKGROUNDS[names['background']]))
    image = np.minimum(np.maximum(clean + _noise(clean.shape, rng), 0), 1)
    return (image * 255 + 0.5).astype(np.uint8)


def _noise(shape: tuple[int, ...], rng: np.random.RandomState) -> np.ndarray:
    # Random bytes looked up in a table of quantiles: five times as fast as drawing normals.
    draws = np.frombuffer(rng.bytes(2 * math.prod(shape)), dtype=np.uint16)
    return NOISE_QUANTILES[draws].reshape(shape)


@DATASETS.register_module()
class ShapesCaptionDataset(ProceduralDataset):
    """One shape on a plain background, "a small red circle on a black background", made on the fly.

    2 sizes x 6 colours x 3 shapes x 3 backgrounds make 108 captions; class id = caption id.

    Records of the pipeline: ``img`` ((size, size, 3) uint8), ``key``, ``class_id``,
    ``captions``, ``vocabulary``, ``max_words``.

    Args:
        split: ``'train'``: caption and picture are drawn at random for each sample.
            ``'test'``: index i has caption i modulo 108 and always the same picture.
        length: number of items; in training only what counts as an epoch.
        size: of the images in pixels, 32 or 64.
        paraphrases: whether an image has four captions of 6 to 8 words, two of which leave
            the size out, instead of one; the word "with" makes the vocabulary 19 instead of 18.
        seed: of pictures that no training sampler asks for.
        max_words: to which captions are cut or padded.
        pipeline: see :class:`ZooDataset`; None: sample, pad and pack.
    """

    def __init__(self, split: str = 'train', length: int = 10 * len(CAPTIONS), size: int = BASE_SIZE,
                 paraphrases: bool = False, seed: int = 0, max_words: int = 18,
                 pipeline: Sequence[dict | Callable] | None = None) -> None:
        if size not in (BASE_SIZE, 2 * BASE_SIZE):
            raise ConfigError(f'size={size}: must be 32 or 64.')
        self.size, self.max_words = size, max_words
        templates = PARAPHRASES if paraphrases else PARAPHRASES[:1]
        texts = [[tokenise(template.format(**names)) for template in templates] for names in NAMES]
        self.vocabulary = Vocabulary.from_captions(text for group in texts for text in group)
        self.captions = [[self.vocabulary.ids(text) for text in group] for group in texts]
        if pipeline is None:
            steps = ('SampleCaption', 'PadOrSubsampleCaption', 'PackTextImage')
            pipeline = [dict(type=step) for step in steps]
        metainfo = dict(dataset_name='shapes_caption', vocabulary=self.vocabulary.words, max_words=max_words)
        super().__init__(split, length, seed, pipeline, metainfo)

    def record(self, index: int, rng: np.random.RandomState) -> dict:
        """What the class says."""
        test = self.split == 'test'
        caption_id = index % len(CAPTIONS) if test else int(rng.randint(len(CAPTIONS)))
        return dict(img=draw_shape(caption_id, self.size, rng), key=self.key_of(index),
                    class_id=caption_id, captions=self.captions[caption_id],
                    vocabulary=self.vocabulary, max_words=self.max_words)
