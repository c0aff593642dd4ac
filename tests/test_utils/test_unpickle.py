import builtins
import os
import pickle
import random

import numpy as np
import pytest

from genzoo.errors import DataError
from genzoo.utils import restricted_load

CONTENT = [[[3, 1], [2]], {0: '<end>', 1: 'bird'}, {'bird': 1}, (1.5, None, True, b'x', 1 << 70)]


class Calls:
    """Pickled, it asks for a function to be called when it is read."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def write(path, data):
    path.write_bytes(data)
    return path


def refusal(path):
    with pytest.raises(DataError) as error:
        restricted_load(path)
    assert str(error.value).startswith(str(path))
    assert '\n' not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize('protocol', range(6))
def test_plain_data_of_every_protocol_loads(tmp_path, protocol):
    assert restricted_load(write(tmp_path / 'a.pickle', pickle.dumps(CONTENT, protocol))) == CONTENT


@pytest.mark.parametrize('protocol', range(6))
def test_numpys_arrays_and_scalars_load(tmp_path, protocol):
    content = [np.arange(6).reshape(2, 3), np.int64(7), np.float32(.5)]
    loaded = restricted_load(write(tmp_path / 'a.pickle', pickle.dumps(content, protocol)))
    assert np.array_equal(loaded[0], content[0])
    assert loaded[1:] == content[1:]


def test_bytes_that_python_2_wrote_become_text(tmp_path):
    # pickle.dumps(['caf\xe9'], 2) of Python 2
    assert restricted_load(write(tmp_path / 'a.pickle', b'\x80\x02]q\x00U\x04caf\xe9q\x01a.')) == ['café']


@pytest.mark.parametrize('protocol', range(6))
@pytest.mark.parametrize(('function', 'name'), [
    (os.system, 'system'), (builtins.eval, 'eval'), (builtins.getattr, 'getattr'), (os.remove, 'remove')])
def test_hostile_pickle_is_refused_and_not_executed(tmp_path, function, name, protocol):
    victim = tmp_path / 'victim'
    victim.write_text('')
    argument = f"__import__('os').remove({str(victim)!r})" if function is eval else str(victim)
    argument = f'rm {victim}' if function is os.system else argument
    data = pickle.dumps([1, Calls(function, argument)], protocol)
    message = refusal(write(tmp_path / 'a.pickle', data))
    assert name in message
    assert 'refused, not executed' in message
    assert victim.exists()


def test_what_numpy_can_build_is_not_a_way_out(tmp_path):
    for module, name in (('numpy', 'load'), ('numpy.core.multiarray', 'fromfile'), ('numpy', 'dtype.type')):
        refusal(write(tmp_path / 'a.pickle', f'c{module}\n{name}\n.'.encode()))


def test_broken_files_are_refused_in_one_line(tmp_path):
    data = pickle.dumps(CONTENT, 2)
    randomness = random.Random(0)
    broken = [data[:length] for length in range(0, len(data), 7)]
    broken += [bytes(randomness.randrange(128, 256) for _ in range(50)) for _ in range(20)]
    broken += [b'<html>not found</html>', b'\x80\x02Q.', b'Fnot a\rnumber\n.', b'']
    for data in broken:
        refusal(write(tmp_path / 'a.pickle', data))


def test_missing_file_and_folder_cannot_be_read(tmp_path):
    assert 'cannot be read (No such file or directory)' in refusal(tmp_path / 'missing.pickle')
    assert 'cannot be read (Is a directory)' in refusal(tmp_path)


def test_caller_may_allow_more(tmp_path):
    path = write(tmp_path / 'a.pickle', pickle.dumps(slice(1, 2)))
    refusal(path)
    assert restricted_load(path, allowed={('builtins', 'slice')}) == slice(1, 2)
