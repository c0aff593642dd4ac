"""An item without a data set, to measure speed with."""
import torch

from ...structures import DataSample

MAX_WORDS = 18


def example_caption_image(number: int, size: int, vocab_size: int) -> dict:
    """A random image with a random caption of 9 to 18 words, as the data sets yield them.

    Args:
        number: decides all that is random; also the class.
        size: of the image in pixels, height and width.
        vocab_size: words, ``<end>`` included.
    """
    rng = torch.Generator().manual_seed(number)
    length = int(torch.randint(MAX_WORDS // 2, MAX_WORDS + 1, (), generator=rng))
    words = torch.randint(1, vocab_size, (MAX_WORDS,), generator=rng)
    words[length:] = 0
    inputs = dict(img=torch.randint(256, (3, size, size), dtype=torch.uint8, generator=rng), caption_ids=words,
                  caption_length=torch.tensor(length), class_id=torch.tensor(number))
    return dict(inputs=inputs, data_samples=DataSample(key=f'example_{number}', caption_index=0))
