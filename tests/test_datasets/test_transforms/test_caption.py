import numpy as np
import pytest

from genzoo.datasets.caption_files import CaptionData, write_caption_data
from genzoo.datasets.transforms import (
    PadOrSubsampleCaption,
    SampleCaption,
    TokenizeCaption,
    pad_or_subsample,
)
from genzoo.datasets.vocabulary import Vocabulary
from genzoo.errors import DataError

WORDS = ['<end>', 'a', 'red', 'bird']


def rng(seed=7):
    return np.random.RandomState(seed)


def test_a_short_caption_is_padded_with_zeros_and_draws_nothing():
    generator = rng()
    ids, length = pad_or_subsample([4, 5, 6], 5, generator)
    assert (ids.tolist(), length) == ([4, 5, 6, 0, 0], 3)
    assert ids.dtype == np.int64
    assert generator.random_sample() == rng().random_sample()


def test_a_caption_of_exactly_that_length_is_kept():
    assert pad_or_subsample([4, 5, 6], 3, rng())[0].tolist() == [4, 5, 6]


def test_a_long_caption_keeps_some_words_in_their_order():
    kept = [pad_or_subsample(range(1, 26), 18, rng(seed)) for seed in range(30)]
    assert all(length == 18 for _, length in kept)
    assert all((np.diff(ids) > 0).all() for ids, _ in kept)
    assert len({tuple(ids) for ids, _ in kept}) == 30
    assert set(np.concatenate([ids for ids, _ in kept])) == set(range(1, 26))


def test_the_words_kept_are_those_that_numpys_shuffle_puts_first():
    positions = list(range(25))
    np.random.seed(7)
    np.random.shuffle(positions)
    expected = np.arange(100, 125)[sorted(positions[:18])]
    assert pad_or_subsample(range(100, 125), 18, rng(7))[0].tolist() == expected.tolist()


def test_the_data_set_says_how_many_words_unless_the_step_does():
    results = dict(caption_ids=[1, 2, 3], rng=rng(), max_words=6)
    assert len(PadOrSubsampleCaption()(dict(results))['caption_ids']) == 6
    assert PadOrSubsampleCaption(2)(dict(results))['caption_length'] == 2


def test_one_caption_is_drawn_uniformly():
    vocabulary, generator = Vocabulary(WORDS), rng()
    record = dict(captions=[[1], [2, 3]], vocabulary=vocabulary, rng=generator)
    drawn = [SampleCaption()(dict(record)) for _ in range(400)]
    pairs = {(results['caption_index'], results['caption']) for results in drawn}
    assert pairs == {(0, 'a'), (1, 'red bird')}
    assert 150 < sum(results['caption_index'] for results in drawn) < 250


def test_a_caption_that_the_record_names_is_taken():
    record = dict(captions=[[1], [2, 3]], vocabulary=Vocabulary(WORDS), rng=rng(), caption_index=1)
    assert SampleCaption()(record)['caption_ids'] == [2, 3]


def test_free_text_is_encoded_with_a_vocabulary_or_with_that_of_a_file(tmp_path):
    path = tmp_path / 'captions.pickle'
    write_caption_data(path, CaptionData([[1]], [[1]], Vocabulary(WORDS)))
    for vocab in (WORDS, path, str(path)):
        assert TokenizeCaption(vocab)(dict(caption='A red bird!'))['caption_ids'] == [1, 2, 3]


def test_free_text_of_unknown_words_is_refused():
    with pytest.raises(DataError, match='zebra'):
        TokenizeCaption(WORDS, unknown='error')(dict(caption='a zebra'))
