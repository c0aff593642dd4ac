"""R-precision: does an image find its own caption among others?"""
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..errors import DataError
from ..registry import METRICS
from .common import log_protocol, split_bounds
from .shared_features import shared_network
from .text_image import image_codes, sentence_vectors, unit_rows

# Cosines of float32 vectors that differ by less than this are equal.
_TIE = 1e-6


def own_caption_first(own: float, others: np.ndarray) -> float:
    """1 if ``own`` is above all of ``others``, 0 if below one; a tie of n shares the point, 1/n each.

    So encoders that tell nothing apart score chance, not 1.
    """
    if (others > own + _TIE).any():
        return 0.
    return 1 / (1 + np.count_nonzero(others >= own - _TIE))


def draw_foreign(own: Sequence[int], pool_size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` different places of ``0..pool_size - 1`` that are not in ``own``, each equally likely.

    Takes time and memory of the order of ``count``, not of the pool.

    Args:
        own: ascending.
    """
    places = rng.choice(pool_size - len(own), count, replace=False)
    for place in own:
        places[places >= place] += 1
    return places


@METRICS.register_module()
class RPrecision(BaseMetric):
    """R-precision of generated images (Xu et al., AttnGAN, CVPR 2018).

    For each generated image the candidates are its own caption and ``num_candidates - 1``
    different captions, drawn at random among those that belong to other images and not to its
    own. It succeeds if the cosine of image code and sentence vector is greatest for its own.

    The encoders should not be the ones that were trained together with the generator. They run
    in eval mode; the image encoder resizes by itself.

    Needs ``key``, ``caption``, ``caption_ids``, ``caption_length`` and ``fake_img``.

    Args:
        text_encoder: config of a DAMSM text encoder.
        image_encoder: config of the image encoder that was trained with it.
        num_candidates: captions to choose from, the own one included.
        num_folds: parts over which mean and standard deviation are taken.
        seed: of the draw of candidates and of the images' order in folds.

    Raises:
        WeightsError: an encoder's file is missing or does not fit.
    """

    default_prefix = 'RPrecision'

    def __init__(self, text_encoder: dict, image_encoder: dict, num_candidates: int = 100,
                 num_folds: int = 10, seed: int = 0, **base_args) -> None:
        super().__init__(**base_args)
        self.text_encoder = shared_network(text_encoder)
        self.image_encoder = shared_network(image_encoder)
        self.num_candidates = num_candidates
        self.num_folds = num_folds
        self.seed = seed

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the image code and the sentence vector of each sample.

        Raises:
            DataError: the text encoder knows another vocabulary than the data set.
        """
        sentences = sentence_vectors(self.text_encoder, data_samples, self.dataset_meta)
        codes = image_codes(self.image_encoder, data_samples, 'fake_img')
        for sample, code, sentence in zip(data_samples, codes, sentences):
            self.results.append(dict(key=sample['key'], caption=sample['caption'], code=code,
                                     sentence=sentence))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """``mean`` and ``std`` over the folds, in 0..1, and the number of images.

        Raises:
            DataError: fewer captions of other images than candidates, or fewer images than folds.
        """
        rng = np.random.default_rng(self.seed)
        bounds = split_bounds(len(results), self.num_folds, 'RPrecision num_folds')
        hits = self._hits(results, rng)[rng.permutation(len(results))]
        folds = [hits[start:end].mean() for start, end in bounds]
        log_protocol(self, f'{self.text_encoder.description} and {self.image_encoder.description}; '
                     f'{len(results)} generated images, {self.num_candidates} candidates each, '
                     f'{self.num_folds} folds')
        return dict(mean=float(np.mean(folds)), std=float(np.std(folds)), num_fake=len(results))

    def _hits(self, results: list[dict], rng: np.random.Generator) -> np.ndarray:
        """The success of each image, (N,)."""
        codes = unit_rows([result['code'] for result in results])
        sentences = unit_rows([result['sentence'] for result in results])
        _, first, captions = np.unique([result['caption'] for result in results], return_index=True,
                                       return_inverse=True)
        pool = sentences[first]
        own_captions = _captions_by_key(results, captions)
        hits = np.empty(len(results))
        for i, result in enumerate(results):
            others = self._draw(own_captions[result['key']], len(pool), result['key'], rng)
            hits[i] = own_caption_first(sentences[i] @ codes[i], pool[others] @ codes[i])
        return hits

    def _draw(self, own: list[int], pool_size: int, key: str, rng: np.random.Generator) -> np.ndarray:
        foreign = pool_size - len(own)
        if foreign < self.num_candidates - 1:
            raise DataError(f'RPrecision: image {key!r} finds only {foreign} captions of other images '
                            f'for num_candidates={self.num_candidates}. Evaluate on more captions or '
                            f'set num_candidates to at most {foreign + 1}.')
        return draw_foreign(own, pool_size, self.num_candidates - 1, rng)


def _captions_by_key(results: list[dict], captions: np.ndarray) -> dict[str, list[int]]:
    """Which captions, as places in the pool, belong to each image."""
    by_key: dict[str, set[int]] = {}
    for result, caption in zip(results, captions):
        by_key.setdefault(result['key'], set()).add(int(caption))
    return {key: sorted(places) for key, places in by_key.items()}
