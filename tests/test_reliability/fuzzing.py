"""What the fuzz tests share: damaged bytes, strange values, and the claim that they make."""
from collections.abc import Callable
from contextlib import contextmanager

import torch
from hypothesis import strategies as st

from genzoo.errors import GenzooError

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.floats(), st.text(max_size=5),
    st.binary(max_size=5))
PLAIN = st.recursive(SCALARS, lambda inner: st.one_of(
    st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(SCALARS, inner, max_size=3)), max_leaves=6)


@contextmanager
def only_our_errors():
    """Whatever comes out is one of genzoo's errors, in one line."""
    try:
        yield
    except GenzooError as error:
        if '\n' in str(error):
            raise AssertionError(f'several lines: {error}') from error


def _tensor(shape: list[int], kind: str) -> torch.Tensor:
    if kind == 'nested':
        return torch.nested.nested_tensor([torch.ones(2)], layout=torch.jagged)
    if kind == 'sparse':
        return torch.ones(shape).to_sparse()
    if kind == 'meta':
        return torch.ones(shape, device='meta')
    if kind == 'nan':
        return torch.full(shape, torch.nan)
    if kind == 'quantized':
        return torch.quantize_per_tensor(torch.ones(shape), 0.1, 0, torch.qint8)
    return torch.ones(shape).to(getattr(torch, kind))


TENSORS = st.builds(_tensor, st.lists(st.integers(0, 4), max_size=3), st.sampled_from(
    ['float32', 'float64', 'float16', 'bfloat16', 'int64', 'bool', 'complex64', 'sparse', 'meta', 'nan']))


def places_of(content, place=()) -> list[tuple]:
    """Where something stands in nested dicts and lists, as keys and indices."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [place] + [inner for key, item in items for inner in places_of(item, (*place, key))]


def put(content, place: tuple, value):
    """A copy of ``content`` with ``value`` at ``place``; None as value of a key: ``REMOVED``."""
    if not place:
        return value
    copy = type(content)(content)
    if value is REMOVED and len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = put(content[place[0]], place[1:], value)
    return copy


REMOVED = object()


@st.composite
def edited(draw, content, values=PLAIN, edits: int = 3):
    """``content`` with some of its parts replaced or removed."""
    for _ in range(draw(st.integers(1, edits))):
        places = places_of(content)[1:]
        if not places:
            break
        # First how deep, then where: most places are deep.
        depth = draw(st.sampled_from(sorted({len(place) for place in places})))
        place = draw(st.sampled_from([place for place in places if len(place) == depth]))
        content = put(content, place, draw(st.one_of(st.just(REMOVED), values)))
    return content


@st.composite
def damaged(draw, data: bytes):
    """``data`` cut, overwritten, lengthened or shortened in some places."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        how: Callable = draw(st.sampled_from(['cut', 'overwrite', 'insert', 'remove']))
        piece = draw(st.one_of(st.binary(min_size=1, max_size=8), st.text(max_size=4).map(
            lambda text: text.encode('utf-8', 'surrogatepass'))))
        if how == 'cut':
            del data[place:]
        elif how == 'overwrite':
            data[place:place + len(piece)] = piece
        elif how == 'insert':
            data[place:place] = piece
        else:
            del data[place:place + 4]
    return bytes(data)
