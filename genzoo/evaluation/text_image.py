"""Captions and images in the common space of a pair of DAMSM encoders."""
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from ..errors import DataError
from ..utils import check_vocabulary
from .common import field_of, rows
from .shared_features import SharedNetwork

_REMEDY = 'The model\'s predictions must carry it for metrics that compare captions with images.'


def _check_vocabulary(text_encoder: SharedNetwork, dataset_meta: Mapping | None) -> None:
    known = getattr(text_encoder.network, 'vocab_size', None)
    if known is None or dataset_meta is None:
        return
    try:
        check_vocabulary(dataset_meta, known, getattr(text_encoder.network, 'vocabulary', None))
    except DataError as error:
        raise DataError(f'{text_encoder.description}: {error}') from error


def sentence_vectors(text_encoder: SharedNetwork, data_samples: Sequence[dict],
                     dataset_meta: Mapping | None = None) -> np.ndarray:
    """Sentence vectors (N, D) of the captions that the images were drawn from.

    Args:
        text_encoder: whose word ids must be the data set's.
        data_samples: with ``caption_ids`` and ``caption_length``.
        dataset_meta: of the data set, with its ``vocabulary``.

    Raises:
        DataError: a sample lacks a field, or the encoder knows other words.
    """
    _check_vocabulary(text_encoder, dataset_meta)
    ids = [torch.as_tensor(value) for value in field_of(data_samples, 'caption_ids', _REMEDY)]
    lengths = [int(value) for value in field_of(data_samples, 'caption_length', _REMEDY)]
    _, sentences = text_encoder.run(pad_sequence(ids, batch_first=True), torch.tensor(lengths))
    return rows(sentences)


def image_codes(image_encoder: SharedNetwork, data_samples: Sequence[dict], name: str) -> np.ndarray:
    """Global image vectors (N, D).

    Args:
        name: the images' field, ``'fake_img'`` or ``'gt_img'``.

    Raises:
        DataError: a sample lacks the field.
    """
    _, codes = image_encoder.on_images(field_of(data_samples, name, _REMEDY))
    return rows(codes)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1, float64, so that dot products are cosines; zero rows stay zero."""
    vectors = np.asarray(vectors, dtype=np.float64)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-8)
