import logging

import pytest

from genzoo.datasets import vocabulary as vocabulary_module
from genzoo.datasets.vocabulary import Vocabulary, tokenise
from genzoo.errors import ConfigError, DataError

WORDS = ['<end>', 'a', 'small', 'bird', 'with', 'red', 'head']


@pytest.fixture
def vocabulary():
    return Vocabulary(WORDS)


@pytest.fixture
def warnings_logged(monkeypatch):
    logged = []
    monkeypatch.setattr(vocabulary_module, 'print_log', lambda *args: logged.append(args))
    return logged


@pytest.mark.parametrize(('text', 'words'), [
    ("This bird's belly is yellow-ish, and white.", 'this bird s belly is yellow ish and white'),
    ('A 3-inch bird', 'a 3 inch bird'),
    ('red\ufffd\ufffdhead', 'red head'),
    ('a caf\xe9 \u9ce5 bird', 'a caf bird'),
    (' .,! ', ''),
])
def test_captions_are_split_by_the_published_rules(text, words):
    assert tokenise(text) == words.split()


def test_ids_follow_the_order_of_first_appearance_after_end():
    captions = [['a', 'bird'], ['red', 'a']]
    assert Vocabulary.from_captions(captions).words == ['<end>', 'a', 'bird', 'red']


def test_encoding_and_decoding_are_inverse(vocabulary):
    ids = vocabulary.encode('A small bird, with RED head!')
    assert ids == [1, 2, 3, 4, 5, 6]
    assert vocabulary.decode([*ids, 0, 0]) == 'a small bird with red head'


def test_unknown_words_are_dropped_with_a_warning_that_names_them(vocabulary, warnings_logged):
    assert vocabulary.encode('a smal bird xyzzy') == [1, 3]
    message, _, level = warnings_logged[0]
    assert level == logging.WARNING
    assert "'smal' (nearest: 'small')" in message
    assert "'xyzzy'" in message


def test_unknown_words_raise_where_that_is_asked_for(vocabulary):
    with pytest.raises(DataError, match=r"'smal' \(nearest: 'small'\)"):
        vocabulary.encode('a smal bird', unknown='error')


def test_a_caption_of_only_unknown_words_is_refused_in_one_line(vocabulary):
    with pytest.raises(DataError, match="'zebra', 'quagga'") as error:
        vocabulary.encode('zebra quagga')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('text', ['', '   ', '...'])
def test_an_empty_caption_is_refused(vocabulary, text):
    with pytest.raises(DataError, match='holds no word'):
        vocabulary.encode(text)


def test_a_misspelt_unknown_option_is_refused(vocabulary):
    with pytest.raises(ConfigError, match="'ignore'"):
        vocabulary.encode('a bird', unknown='ignore')


@pytest.mark.parametrize(('words', 'message'), [(['<end>', 'a', 'a'], "twice, as this one does 'a'"),
                                                ([], 'not empty'), (['<end>', 3], 'list of strings')])
def test_a_broken_vocabulary_is_refused(words, message):
    with pytest.raises(DataError, match=message):
        Vocabulary(words)


@pytest.mark.parametrize('words', [None, 3, [], [['<end>']], {'<end>': 0}])
def test_vocabulary_that_is_no_list_of_words_is_refused(words):
    with pytest.raises(DataError, match='must be a list of strings'):
        Vocabulary(words)
