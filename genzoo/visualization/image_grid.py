"""The one writer of picture grids."""
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..utils import atomic_write
from .labels import label_pictures

WHITE = 255
_LINE_HEIGHT = 13
_PADDING = 4
_CAPTION_LENGTH = 400  # letters of a caption that a sheet shows


def to_picture(image: np.ndarray | Tensor) -> np.ndarray:
    """An image as (H, W, 3) uint8.

    Args:
        image: a tensor (3, H, W) or (1, H, W), or an array (H, W, 3) or (H, W), uint8, RGB or grey.

    Raises:
        ValueError: another shape or type.
    """
    picture = image.detach().cpu().movedim(0, -1).numpy() if isinstance(image, Tensor) else image
    if picture.ndim == 2:
        picture = picture[..., None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3) or picture.dtype != np.uint8:
        raise ValueError(f'image of shape {tuple(image.shape)} and type {image.dtype}: must be a uint8 '
                         'tensor (3, H, W) or (1, H, W), or a uint8 array (H, W, 3) or (H, W).')
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def mask_to_image(mask: np.ndarray | Tensor) -> np.ndarray:
    """A mask as a grey picture.

    Args:
        mask: (1, h, w) or (h, w), in [0, 1].

    Returns:
        (h, w) uint8: ``mask * 255``, truncated.
    """
    mask = mask.detach().float().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    return (mask.reshape(mask.shape[-2:]) * 255).astype(np.uint8)


def wrap_text(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` pixels in PIL's built-in font; a longer word stands alone."""
    font = ImageFont.load_default()
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f'{lines[-1]} {word}') <= width:
            lines[-1] += f' {word}'
        else:
            lines.append(word)
    return lines


def _enlarged(picture: np.ndarray, min_width: int) -> np.ndarray:
    """Every pixel as a block, so that the picture is at least ``min_width`` wide."""
    factor = -(-min_width // picture.shape[1])
    return picture.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else picture


def _tile(picture: np.ndarray, lines: Sequence[str], height: int, width: int) -> np.ndarray:
    """A picture above its caption on a white ground of ``height`` x ``width``."""
    ground = Image.new('RGB', (width, height), (WHITE,) * 3)
    ground.paste(Image.fromarray(picture), (0, 0))
    draw = ImageDraw.Draw(ground)
    for number, line in enumerate(lines):
        draw.text((0, picture.shape[0] + number * _LINE_HEIGHT), line, fill=(0, 0, 0))
    return np.asarray(ground)


def image_grid(images: Sequence[np.ndarray | Tensor], captions: Sequence[str] | None = None,
               columns: int | None = None, min_width: int = 128) -> np.ndarray:
    """Pictures in rows, each above its caption, row by row from the top left.

    Args:
        images: what :func:`to_picture` takes; sizes may differ.
        captions: one an image, wrapped to the picture's width; empty ones are fine.
        columns: pictures in a row; by default about as many as rows.
        min_width: smaller pictures are enlarged by a whole factor, without blurring.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        ValueError: no image, an image of another type, or not one caption an image.
    """
    if not len(images):
        raise ValueError('image_grid: there is no image to show.')
    captions = [''] * len(images) if captions is None else captions
    if len(captions) != len(images):
        raise ValueError(f'image_grid: {len(captions)} captions for {len(images)} images.')
    pictures = [_enlarged(to_picture(image), min_width) for image in images]
    width = max(picture.shape[1] for picture in pictures)
    texts = [wrap_text(textwrap.shorten(caption, _CAPTION_LENGTH, placeholder=' ...'), width)
             for caption in captions]
    height = max(picture.shape[0] + len(lines) * _LINE_HEIGHT for picture, lines in zip(pictures, texts))
    tiles = [_tile(picture, lines, height, width) for picture, lines in zip(pictures, texts)]
    return _assembled(tiles, columns or int(np.ceil(np.sqrt(len(tiles)))))


def _assembled(tiles: list[np.ndarray], columns: int) -> np.ndarray:
    """Equal tiles on a white sheet with padding around each."""
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    height, width = (side + _PADDING for side in tiles[0].shape[:2])
    sheet = np.full((rows * height + _PADDING, columns * width + _PADDING, 3), WHITE, np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        top, left = row * height + _PADDING, column * width + _PADDING
        sheet[top:top + tile.shape[0], left:left + tile.shape[1]] = tile
    return sheet


def sample_sheet(data_samples: Sequence[Any], columns: int | None = None, num_masks: int = 1) -> np.ndarray:
    """What a model made: for each sample its fake image, its last masks, its label, the real image, the caption.

    A translation stands below its source; the real image of its domain, another scene, is left out.

    Args:
        data_samples: :class:`~genzoo.structures.DataSample` or dicts with ``fake_img``; where they
            have ``source_img``, ``masks``, ``label`` (see :func:`label_pictures`), ``gt_img`` and ``caption``, these
            are shown.
        columns: samples in a row.
        num_masks: how many masks to show, from the last one backwards.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    stacks = [_stack(sample, num_masks) for sample in data_samples]
    return image_grid(stacks, [sample.get('caption') or '' for sample in data_samples], columns)


def _stack(sample: Any, num_masks: int) -> np.ndarray:
    """Source or real image, fake image, masks and label of one sample, one below the other."""
    fake, source = to_picture(sample.get('fake_img')), sample.get('source_img')
    masks = [mask_to_image(mask) for mask in reversed(sample.get('masks') or [])][:num_masks]
    parts = [fake, *(to_picture(_resized(mask, fake)) for mask in masks)]
    if sample.get('label') is not None:
        parts.append(_resized(label_pictures(sample.get('label'))[0], fake))
    if source is not None:
        parts.insert(0, _resized(to_picture(source), fake))
    elif sample.get('gt_img') is not None:
        parts.append(_resized(to_picture(sample.get('gt_img')), fake))
    gap = np.full((1, fake.shape[1], 3), WHITE, np.uint8)
    return np.concatenate([piece for part in parts for piece in (part, gap)][:-1])


def _resized(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    size = (like.shape[1], like.shape[0])
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.NEAREST))


def save_image(picture: np.ndarray | Tensor, path: str | Path) -> None:
    """Writes a PNG, whole or not at all; its folder is made if missing.

    Args:
        picture: what :func:`to_picture` takes.
        path: the file.

    Raises:
        OSError: what the operating system said.
    """
    with atomic_write(path) as file:
        Image.fromarray(to_picture(picture)).save(file, format='PNG')
