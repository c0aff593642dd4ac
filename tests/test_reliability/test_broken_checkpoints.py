"""What is no checkpoint of this model is refused in one line that names the file; nothing in it is executed."""
import io
import json
import pickle
import random
import struct
import zipfile

import numpy as np
import pytest
import torch
from mmengine.config import Config
from test_engine.tiny_gan import resumed, tiny_config, train

from genzoo.apis import init_model
from genzoo.errors import WeightsError
from genzoo.utils import open_checkpoint, open_model_checkpoint

pytestmark = pytest.mark.filterwarnings('ignore:Detected pickle protocol', 'ignore:.*invalid escape')


@pytest.fixture(scope='module')
def valid(tmp_path_factory):
    folder = tmp_path_factory.mktemp('valid')
    train(tiny_config(folder, 2))
    return folder / 'iter_2.pth'


@pytest.fixture(scope='module')
def config(tmp_path_factory) -> Config:
    return tiny_config(tmp_path_factory.mktemp('model'), 2)


def refusal(path, opener=open_checkpoint) -> str:
    with pytest.raises(WeightsError) as caught:
        opener(path)
    message = str(caught.value)
    assert str(path) in message
    assert '\n' not in message
    return message


def same(first, second) -> bool:
    """Whether two contents are equal, tensors bit for bit."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and first == second


def test_truncation_anywhere_is_refused(valid, tmp_path):
    data, path = valid.read_bytes(), tmp_path / 'cut.pth'
    for length in (*range(64), *range(64, len(data) - 64, 997), *range(len(data) - 64, len(data))):
        path.write_bytes(data[:length])
        refusal(path)


def test_flipped_byte_is_refused_or_changes_nothing(valid, tmp_path):
    data, path, whole = valid.read_bytes(), tmp_path / 'flipped.pth', open_checkpoint(valid)
    places, refused = random.Random(0).sample(range(len(data)), 150), 0
    for place in places:
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1:])
        try:
            content = open_checkpoint(path)
        except WeightsError:
            refused += 1
        else:
            assert same(content, whole), place
    assert refused > len(places) // 4  # much of so small a file is padding


def test_flipped_weight_is_named_as_what_it_is(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=dict(weight=torch.arange(1000.))), path)
    data = path.read_bytes()
    place = data.index(np.arange(500., 502., dtype=np.float32).tobytes())
    path.write_bytes(data[:place] + b'\x7f' + data[place + 1:])
    assert 'the checksum of its part a/data/0 is wrong' in refusal(path)


def test_part_that_is_marked_as_a_folder_is_refused_since_pytorch_would_not_read_it(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(weight=torch.arange(10.)), path)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b'a/data/0') - 46  # the central directory's
    data[entry + 38] ^= 0x10  # its attributes
    path.write_bytes(data)
    assert 'its part a/data/0 is marked as a folder' in refusal(path)


def test_file_that_was_written_without_checksums_opens(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(dict(weight=torch.ones(2)), tmp_path / 'a.pth')
    finally:
        torch.serialization.set_crc32_options(True)
    assert torch.equal(open_checkpoint(tmp_path / 'a.pth')['weight'], torch.ones(2))


def safetensors() -> bytes:
    header = json.dumps({'weight': dict(dtype='F32', shape=[2], data_offsets=[0, 8])}).encode()
    return struct.pack('<Q', len(header)) + header + bytes(8)


def npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, weight=np.ones(3))
    return file.getvalue()


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name, data in parts.items():
            archive.writestr(name.replace('__', '/'), data)
    return file.getvalue()


def script() -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), file)
    return file.getvalue()


FOREIGN = dict(
    empty=b'', newline=b'\n', html=b'<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title></html>',
    login=b'<html>\n<form action="login">\n</form>\n</html>\n', text='weights: ja, größer'.encode(),
    json=b'{"a": [1, 2]}',
    onnx=b'\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x9b\x01\n\x1a\n\x01x\n\x01w', safetensors=safetensors(), npz=npz(),
    npy=b'\x93NUMPY\x01\x00v\x00' + bytes(100), gzip=b'\x1f\x8b\x08\x00' + bytes(30),
    png=b'\x89PNG\r\n\x1a\n' + bytes(30),
    hdf5=b'\x89HDF\r\n\x1a\n' + bytes(90), tar=b'pickle' + bytes(94) + b'0000644' + bytes(411), zeros=bytes(4096),
    empty_zip=zipped(), zip_of_text=zipped(a=b'hello'), zip_without_version=zipped(archive__data__pkl=b'\x80\x02}.'),
    zip_like_ours=zipped(**{'archive__data.pkl': b'\x80\x02}q\x00.', 'archive__version': b'3\n'}) + b'x' * 70000,
    torch_script=script(), number=pickle.dumps(3), words=pickle.dumps(['a'], 2), nothing=pickle.dumps(None, 0),
    deep=b'\x80\x02' + b'(' * 100000 + b'.', lists=b'\x80\x02' + b']' * 50000 + b'a' * 49999 + b'.',
    long_text=b'\x80\x02X\xff\xff\xff\x7fabc.', long_number=b'\x80\x02\x8b\xff\xff\xff\x7f1.',
    memo=b'\x80\x02r\xff\xff\xff\x7f.')


@pytest.mark.parametrize('name', FOREIGN)
def test_foreign_file_is_refused(tmp_path, config, name):
    path = tmp_path / f'{name}.pth'
    path.write_bytes(FOREIGN[name])
    refusal(path, open_model_checkpoint)
    refusal(path, lambda given: init_model(config, given, 'cpu'))


@pytest.mark.parametrize('name', ['empty', 'html', 'npz', 'safetensors', 'torch_script', 'words'])
@pytest.mark.parametrize('resume', [True, False])
def test_run_does_not_start_from_a_foreign_file(tmp_path, name, resume):
    path = tmp_path / f'{name}.pth'
    path.write_bytes(FOREIGN[name])
    cfg = tiny_config(tmp_path / 'run', 2)
    cfg.load_from, cfg.resume = str(path), resume
    refusal(path, lambda _: train(cfg))


def test_folder_is_refused(tmp_path, config):
    (tmp_path / 'folder.pth').mkdir()
    for opener in (open_checkpoint, open_model_checkpoint, lambda given: init_model(config, given, 'cpu')):
        refusal(tmp_path / 'folder.pth', opener)


def test_checkpoint_of_another_model_is_refused_everywhere(tmp_path, config):
    train(tiny_config(tmp_path, 1, type='TinyOther'))
    path = tmp_path / 'iter_1.pth'
    assert 'another model' in refusal(path, lambda given: init_model(config, given, 'cpu'))
    assert 'another model' in refusal(path, lambda given: train(resumed(tiny_config(tmp_path / 'run', 2), given)))


@pytest.mark.parametrize('record', [b'', b'\n', b'\xff\xfe\x00', b'a\x00b', b'x' * 5000, b'.', b'/'])
def test_broken_record_of_the_last_checkpoint_is_named(tmp_path, record):
    (tmp_path / 'last_checkpoint').write_bytes(record)
    refusal(tmp_path / 'last_checkpoint', lambda _: train(resumed(tiny_config(tmp_path, 2))))
