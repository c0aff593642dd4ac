import os
import pickle
import random
import re

import numpy as np
import pytest
import torch
from torch import nn

from genzoo.errors import WeightsError
from genzoo.utils import load_state_dict, open_checkpoint, open_model_checkpoint, save_checkpoint
from genzoo.utils.checkpoint import state_dict_problems

CONTENT = dict(state_dict={'weight': torch.arange(3.)}, meta=dict(iter=7, words=['a', 'b'], name=None))


class Removes:
    """Pickled, it asks for a file to be removed when it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.remove, (self.path,)


def refusal(path):
    with pytest.raises(WeightsError) as error:
        open_checkpoint(path)
    assert str(error.value).startswith(str(path))
    assert '\n' not in str(error.value)
    assert 'weights_only' not in str(error.value)
    return str(error.value)


class TestOpen:
    @pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'before 1.6'])
    def test_both_formats_of_torch_load(self, tmp_path, zipped):
        torch.save(CONTENT, tmp_path / 'a.pth', _use_new_zipfile_serialization=zipped)
        loaded = open_checkpoint(tmp_path / 'a.pth')
        assert loaded['meta'] == CONTENT['meta']
        assert torch.equal(loaded['state_dict']['weight'], CONTENT['state_dict']['weight'])

    def test_numpys_arrays_and_numbers_load(self, tmp_path):
        torch.save(dict(loss=np.float64(.5), count=np.int64(3), values=np.arange(3)), tmp_path / 'a.pth')
        loaded = open_checkpoint(tmp_path / 'a.pth')
        assert (loaded['loss'], loaded['count']) == (.5, 3)
        assert loaded['values'].tolist() == [0, 1, 2]

    @pytest.mark.parametrize('name', [b'numpy.core.multiarray', b'numpy._core.multiarray'], ids=['NumPy 1', 'NumPy 2'])
    def test_numpys_values_load_whichever_numpy_wrote_them(self, tmp_path, name):
        torch.save(dict(values=np.arange(3)), tmp_path / 'a.pth', _use_new_zipfile_serialization=False)
        content = re.sub(rb'numpy\._?core\.multiarray', name, (tmp_path / 'a.pth').read_bytes())
        (tmp_path / 'a.pth').write_bytes(content)
        assert open_checkpoint(tmp_path / 'a.pth')['values'].tolist() == [0, 1, 2]

    @pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'before 1.6'])
    def test_hostile_file_is_refused_and_not_executed(self, tmp_path, zipped):
        victim = tmp_path / 'victim'
        victim.write_text('')
        content = dict(CONTENT, evil=Removes(victim))
        torch.save(content, tmp_path / 'a.pth', _use_new_zipfile_serialization=zipped)
        message = refusal(tmp_path / 'a.pth')
        assert 'refused, not executed (it asks for' in message
        assert 'remove' in message
        assert victim.exists()

    @pytest.mark.filterwarnings('ignore:Detected pickle protocol')
    def test_bare_hostile_pickle_is_refused(self, tmp_path):
        victim = tmp_path / 'victim'
        victim.write_text('')
        for protocol in range(6):
            (tmp_path / 'a.pth').write_bytes(pickle.dumps(Removes(victim), protocol))
            refusal(tmp_path / 'a.pth')
        assert victim.exists()

    def test_whole_module_is_refused_by_the_name_of_its_class(self, tmp_path):
        torch.save(nn.Linear(1, 1), tmp_path / 'a.pth')
        assert 'it asks for torch.nn.modules.linear.Linear' in refusal(tmp_path / 'a.pth')

    @pytest.mark.parametrize('zipped', [True, False], ids=['zip', 'before 1.6'])
    def test_truncated_file_is_refused(self, tmp_path, zipped):
        path = tmp_path / 'a.pth'
        torch.save(CONTENT, path, _use_new_zipfile_serialization=zipped)
        data = path.read_bytes()
        for share in (0, .01, .1, .3, .5, .7, .9, .999):
            path.write_bytes(data[:int(share * len(data))])
            message = refusal(path)
            assert 'truncated or not a checkpoint' in message or not zipped

    @pytest.mark.filterwarnings('ignore:Detected pickle protocol')
    def test_random_bytes_are_refused(self, tmp_path):
        randomness = random.Random(0)
        pages = [b'<html>quota exceeded</html>', b'hello', b'\x00' * 50]
        noise = [randomness.randbytes(40) for _ in range(20)]
        openings = [b'\x80\x02' + randomness.randbytes(40) for _ in range(20)]
        for data in (*pages, *noise, *openings):
            (tmp_path / 'a.pth').write_bytes(data)
            refusal(tmp_path / 'a.pth')

    @pytest.mark.parametrize('data', [b'\x80\x02\xe9.', b'\x80\x02h\x07.', b'\x80\x02J\x00'])
    def test_pickle_that_breaks_its_reader_is_refused(self, tmp_path, data):
        (tmp_path / 'a.pth').write_bytes(data)
        refusal(tmp_path / 'a.pth')

    def test_missing_file_is_named(self, tmp_path):
        assert refusal(tmp_path / 'a.pth').endswith('the file of weights is missing. Check the path.')
        refusal(tmp_path)


class TestSave:
    def test_it_comes_back(self, tmp_path):
        save_checkpoint(CONTENT, tmp_path / 'new' / 'a.pth')
        assert open_checkpoint(tmp_path / 'new' / 'a.pth')['meta'] == CONTENT['meta']

    def test_full_disk_leaves_the_previous_one_whole(self, tmp_path, monkeypatch):
        path = tmp_path / 'a.pth'
        save_checkpoint(CONTENT, path)

        def full(content, file):
            file.write(b'half')
            raise OSError(28, 'No space left on device')

        monkeypatch.setattr(torch, 'save', full)
        with pytest.raises(WeightsError, match='a.pth: could not be written .*No space left.* untouched'):
            save_checkpoint(dict(CONTENT, meta=8), path)
        assert open_checkpoint(path)['meta'] == CONTENT['meta']
        assert list(tmp_path.iterdir()) == [path]


class TestLoadStateDict:
    def test_fitting_state_is_loaded(self):
        first, second = nn.Linear(2, 3), nn.Linear(2, 3)
        load_state_dict(first, second.state_dict(), 'file')
        assert torch.equal(first.weight, second.weight)

    @pytest.mark.parametrize(('change', 'message'), [
        (lambda state: state.pop('bias'), '1 of 2 keys missing: bias'),
        (lambda state: state.update(gamma=torch.ones(1)), '1 keys unknown: gamma'),
        (lambda state: state.update(bias=torch.ones(4)), r'1 shapes differ: bias \(4,\) instead of \(3,\)'),
        (lambda state: state.update(bias=3), r'1 shapes differ: bias int instead of \(3,\)'),
    ])
    def test_misfit_is_named_and_nothing_is_loaded(self, change, message):
        net = nn.Linear(2, 3)
        before = net.weight.clone()
        state = nn.Linear(2, 3).state_dict()
        change(state)
        with pytest.raises(WeightsError, match=rf'^file: does not fit Linear \({message}\)\. Do this\.$'):
            load_state_dict(net, state, 'file', 'Do this.')
        assert torch.equal(net.weight, before)

    def test_long_lists_of_keys_are_cut(self):
        net = nn.Sequential(*(nn.Linear(1, 1) for _ in range(4)))
        problem, = state_dict_problems(net, {})
        assert problem == '8 of 8 keys missing: 0.weight, 0.bias, 1.weight and 5 more'


class TestModelCheckpoint:

    def test_bare_state_and_training_checkpoint_give_the_same(self, tmp_path):
        state = {'a.weight': torch.ones(2)}
        torch.save({'module.a.weight': torch.ones(2)}, tmp_path / 'bare.pth')
        torch.save(dict(state_dict=state, meta=dict(iter=3)), tmp_path / 'full.pth')
        bare, nothing = open_model_checkpoint(tmp_path / 'bare.pth')
        full, meta = open_model_checkpoint(tmp_path / 'full.pth')
        assert list(bare) == list(full) == ['a.weight']
        assert (nothing, meta) == ({}, dict(iter=3))

    @pytest.mark.parametrize('content', [[1, 2], torch.ones(2), dict(state_dict=None), {1: torch.ones(1)}, {}])
    def test_content_without_a_state_dict_is_refused_in_one_line(self, tmp_path, content):
        torch.save(content, tmp_path / 'odd.pth')
        with pytest.raises(WeightsError, match=r'odd.pth: holds no state dict') as caught:
            open_model_checkpoint(tmp_path / 'odd.pth')
        assert '\n' not in str(caught.value)


def test_text_file_is_refused_with_a_reason_that_says_something(tmp_path):
    (tmp_path / 'a.pth').write_text('# genzoo\n\nEight papers')
    with pytest.raises(WeightsError, match='its bytes are no weights'):
        open_checkpoint(tmp_path / 'a.pth')


@pytest.mark.parametrize(('value', 'message'), [
    (torch.ones(3, dtype=torch.complex64), 'bias complex64 instead of float32'),
    (torch.ones(3, dtype=torch.int64), 'bias int64 instead of float32'),
    (torch.ones(3).to_sparse(), 'bias float32 torch.sparse_coo instead of float32'),
    (torch.ones(3, device='meta'), 'bias float32 without numbers instead of float32')])
def test_tensor_of_another_kind_is_a_misfit(value, message):
    net = nn.Linear(2, 3)
    with pytest.raises(WeightsError, match=rf'1 kinds differ: {message}'):
        load_state_dict(net, dict(net.state_dict(), bias=value), 'file')


def test_half_precision_fits():
    net = nn.Linear(2, 3)
    load_state_dict(net, {key: value.half() for key, value in net.state_dict().items()}, 'file')


@pytest.mark.parametrize('meta', [3, dict(dataset_meta=3), dict(dataset_meta=dict(vocabulary=3)),
                                  dict(dataset_meta=dict(vocabulary=[['a']])), dict(dataset_meta=dict(max_words='x'))])
def test_meta_data_of_another_form_are_refused(tmp_path, meta):
    torch.save(dict(state_dict={'a.weight': torch.ones(2)}, meta=meta), tmp_path / 'odd.pth')
    with pytest.raises(WeightsError, match='odd.pth: .*meta data'):
        open_model_checkpoint(tmp_path / 'odd.pth')
