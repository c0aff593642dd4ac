import os
import pickle
import pickletools

import numpy as np
import pytest

from genzoo.datasets.caption_files import (
    CaptionData,
    CaptionTable,
    build_caption_data,
    read_caption_data,
    read_image_captions,
    write_caption_data,
)
from genzoo.datasets.vocabulary import Vocabulary
from genzoo.errors import DataError

WORDS = {0: '<end>', 1: 'a', 2: 'bird'}
IDS = {word: index for index, word in WORDS.items()}


def as_lists(table):
    return [caption.tolist() for caption in table]


def write(path, content, protocol=2):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def test_a_table_returns_the_captions_it_was_given():
    captions = [[3], [1, 2], [5, 4, 6]]
    assert as_lists(CaptionTable(captions)) == captions


def test_captions_survive_writing_and_reading(tmp_path):
    path = tmp_path / 'captions.pickle'
    vocabulary = Vocabulary(list(WORDS.values()))
    write_caption_data(path, CaptionData(CaptionTable([[1, 2], [2]]), CaptionTable([[1]]), vocabulary))
    data = read_caption_data(path)
    assert as_lists(data.train) == [[1, 2], [2]]
    assert as_lists(data.test) == [[1]]
    assert data.vocabulary.words == list(WORDS.values())


def test_the_file_is_what_the_official_code_reads(tmp_path):
    path = tmp_path / 'captions.pickle'
    table = CaptionTable([[1, 2]])
    write_caption_data(path, CaptionData(table, table, Vocabulary(list(WORDS.values()))))
    assert pickle.loads(path.read_bytes()) == [[[1, 2]], [[1, 2]], WORDS, IDS]
    protocols = [arg for opcode, arg, _ in pickletools.genops(path.read_bytes()) if opcode.name == 'PROTO']
    assert protocols == [2]


def test_a_pickle_with_strings_of_python_2_is_read(tmp_path):
    # What Python 2's cPickle writes for [[[1]], [[1]], {0: '<end>', 1: 'a'}, {'<end>': 0, 'a': 1}].
    content = (b'\x80\x02](]]K\x01aa]]K\x01aa}(K\x00U\x05<end>K\x01U\x01au'
               b'}(U\x05<end>K\x00U\x01aK\x01ue.')
    (tmp_path / 'captions.pickle').write_bytes(content)
    assert read_caption_data(tmp_path / 'captions.pickle').vocabulary.words == ['<end>', 'a']


class Hostile:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_a_hostile_pickle_is_refused_and_nothing_is_executed(tmp_path):
    marker = tmp_path / 'executed'
    path = write(tmp_path / 'captions.pickle', [[[1]], [[1]], WORDS, Hostile(marker)])
    with pytest.raises(DataError, match=r'captions\.pickle.*refused'):
        read_caption_data(path)
    assert not marker.exists()


@pytest.mark.parametrize(('content', 'message'), [
    ([[[1]], [[1]], WORDS], 'a list of 3'),
    ({'train': []}, 'a dict of 1'),
    (7, 'but is a 7'),
    ([[[3]], [[1]], WORDS, IDS], r'train caption 0 holds 3, but word ids are integers in 0\.\.2'),
    ([[[1]], [[1], [-1]], WORDS, IDS], 'test caption 1 holds -1'),
    ([[['a']], [[1]], WORDS, IDS], "train caption 0 holds 'a'"),
    ([[[1], []], [[1]], WORDS, IDS], 'train caption 1 is empty'),
    ([[1, 2], [[1]], WORDS, IDS], 'list of lists'),
    ([[[1]], [[1]], {1: 'a', 2: 'bird'}, IDS], r'must be 0\.\.1'),
    ([[[1]], [[1]], {0: 'a'}, {'a': 0}], "word 0 must be '<end>', not 'a'"),
    ([[[1]], [[1]], WORDS, {'<end>': 0}], 'not the inverse'),
    ([[[1]], [[1]], list(WORDS.values()), IDS], 'must be dicts'),
    ([[[1]], [[1]], {0: '<end>', 1: ['a']}, IDS], 'must be distinct strings'),
    ([[[1]], [[1]], {0: '<end>', 1: 'a', 2: 'a'}, {'<end>': 0, 'a': 2}], 'must be distinct strings'),
])
def test_a_malformed_pickle_is_refused_with_the_reason_in_one_line(tmp_path, content, message):
    path = write(tmp_path / 'captions.pickle', content)
    with pytest.raises(DataError, match=message) as error:
        read_caption_data(path)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_a_truncated_pickle_is_named(tmp_path):
    path = write(tmp_path / 'captions.pickle', [[[1]], [[1]], WORDS, IDS])
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r'captions\.pickle'):
        read_caption_data(path)


def test_wrong_counts_are_told_with_file_and_numbers():
    table = CaptionTable([[1]] * 10)
    data = CaptionData(table, table, Vocabulary(['<end>', 'a']))
    data.check_counts(dict(train=2, test=2), 5, 'captions.pickle')
    with pytest.raises(DataError, match=r'captions\.pickle: 10 train captions, but 2 images x 10 .* 20\. '
                                        'Set captions_per_image=5'):
        data.check_counts(dict(train=2), 10, 'captions.pickle')
    with pytest.raises(DataError, match=r'10 test captions, but 3 images.*build_vocabulary\.py'):
        data.check_counts(dict(test=3), 5, 'captions.pickle')


def test_empty_lines_and_lines_without_words_are_no_captions(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_bytes(b'One bird.\r\n\r\n...\nTwo birds\n')
    assert read_image_captions(path, 2) == [['one', 'bird'], ['two', 'birds']]


def test_a_caption_file_with_too_few_lines_is_named(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('one\ntwo\n')
    with pytest.raises(DataError, match=r'a\.txt: 2 captions, but captions_per_image is 3'):
        read_image_captions(path, 3)


def test_a_caption_file_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_bytes('caf\xe9'.encode('latin1'))
    with pytest.raises(DataError, match=r'a\.txt: not UTF-8'):
        read_image_captions(path, 1)


def test_words_of_the_test_split_come_after_those_of_training(tmp_path):
    for name, text in dict(x='the cat\nsat', y='a dog\nsat', z='unused').items():
        (tmp_path / f'{name}.txt').write_text(text)
    data = build_caption_data(tmp_path, ['y'], ['x'], captions_per_image=2)
    assert data.vocabulary.words == ['<end>', 'a', 'dog', 'sat', 'the', 'cat']
    assert as_lists(data.train) == [[1, 2], [3]]
    assert as_lists(data.test) == [[4, 5], [3]]


def test_numpy_integers_in_a_pickle_are_word_ids(tmp_path):
    path = write(tmp_path / 'captions.pickle', [[[np.int64(1)]], [[2]], WORDS, IDS], protocol=4)
    assert as_lists(read_caption_data(path).train) == [[1]]
