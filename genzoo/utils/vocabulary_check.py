"""Whether a data set's words are those of a text encoder."""
from collections.abc import Mapping, Sequence

from ..errors import DataError


def check_vocabulary(metainfo: Mapping, vocab_size: int, trained_with: Sequence[str] | None = None) -> None:
    """Compares the words of a data set with those of a text encoder.

    Args:
        metainfo: of the data set; its ``vocabulary`` lists the words, its ``dataset_name`` or
            ``source`` says in the message where they are from.
        vocab_size: rows of the encoder's embedding.
        trained_with: the encoder's own words, as far as they are known.

    Raises:
        DataError: there are more or fewer words, or others, or in another order.
    """
    words = metainfo.get('vocabulary')
    if words is None:
        return
    source = metainfo.get('source') or f'data set {metainfo.get("dataset_name", "without a name")!r}'
    if len(words) != vocab_size:
        raise DataError(f'{source}: its vocabulary has {len(words)} words, the text encoder knows {vocab_size}. '
                        'Use the captions.pickle that the encoder was trained with, or train an encoder with '
                        f'text_encoder.vocab_size={len(words)}.')
    if trained_with is not None and list(words) != list(trained_with):
        place = next(i for i, (ours, theirs) in enumerate(zip(words, trained_with)) if ours != theirs)
        raise DataError(f'{source}: word {place} of its vocabulary is {words[place]!r}, the text encoder was trained '
                        f'with {trained_with[place]!r} there: it is of another data set. Use the captions.pickle '
                        'that the encoder was trained with.')
