"""Whether a data set's words are those of a text encoder."""
from collections.abc import Mapping

from ...errors import DataError


def check_vocabulary(metainfo: Mapping, vocab_size: int) -> None:
    """Compares the words of a data set with the rows of a text encoder's embedding.

    Args:
        metainfo: of the data set; its ``vocabulary`` lists the words, its ``dataset_name`` or
            ``source`` says in the message where they are from.
        vocab_size: of the encoder.

    Raises:
        DataError: the numbers differ.
    """
    words = metainfo.get('vocabulary')
    if words is not None and len(words) != vocab_size:
        source = metainfo.get('source') or f'data set {metainfo.get("dataset_name", "")!r}'
        raise DataError(f'{source}: its vocabulary has {len(words)} words, the '
                        f'text encoder knows {vocab_size}. Use the captions.pickle that the encoder was trained '
                        f'with, or train an encoder with text_encoder.vocab_size={len(words)}.')
