"""Whatever lies in a file of weights, it is opened and fits, or is refused by genzoo's errors alone.

``--fuzz-examples N`` draws N examples a test, new ones in each run.
"""
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_engine.tiny_gan import tiny_config, train

from genzoo.apis import init_model
from genzoo.apis.convert import convert_ssagan, release_ssagan
from genzoo.datasets import Vocabulary
from genzoo.errors import WeightsError
from genzoo.registry import MODELS
from genzoo.utils import open_checkpoint, open_model_checkpoint

from .fuzzing import PLAIN, TENSORS, damaged, edited, only_our_errors

pytestmark = pytest.mark.filterwarnings('ignore')
VALUES = st.one_of(PLAIN, TENSORS)


def saved(content, zipped: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp('fuzzed')


@pytest.fixture(scope='module')
def config(folder):
    return tiny_config(folder / 'model', 2)


@pytest.fixture(scope='module')
def content(tmp_path_factory) -> Callable[[], dict]:
    """Gives that of a checkpoint of training; as a function, it is not printed whole when a test fails."""
    folder = tmp_path_factory.mktemp('whole')
    train(tiny_config(folder, 2, interval=1, validate=1, hooks=dict(
        checkpoint=dict(max_keep_ckpts=2, save_best='tiny/brightness', rule='less'))))
    found = torch.load(folder / 'iter_2.pth', weights_only=True)
    return lambda: dict(found, state_dict=dict(found['state_dict']))


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@given(data=st.data(), zipped=st.booleans())
def test_damaged_files(folder, config, data, zipped):
    whole = saved(dict(meta=dict(iter=3), state_dict={'a.weight': torch.arange(6.)}), zipped)
    path = write(folder / 'damaged.pth', data.draw(damaged(whole)))
    with only_our_errors():
        open_checkpoint(path)
        open_model_checkpoint(path)
    with only_our_errors():
        init_model(config, path, 'cpu')


@given(content=VALUES)
def test_any_content(folder, config, content):
    path = write(folder / 'any.pth', saved(content))
    with only_our_errors():
        init_model(config, path, 'cpu')
    for convert in (lambda: convert_ssagan([path], folder / 'out.pth', True),
                    lambda: release_ssagan(path, folder / 'released', True)):
        with only_our_errors():
            convert()


@given(data=st.data())
def test_models_from_edited_checkpoints(folder, config, content, data):
    some = dict(state_dict=content()['state_dict'], meta=dict(dataset_meta=dict(vocabulary=['<end>'], max_words=3)))
    path = write(folder / 'edited.pth', saved(data.draw(edited(some, VALUES))))
    with only_our_errors():
        model = init_model(config, path, 'cpu')
        assert all(value.isfinite().all() for value in model.state_dict().values())
        Vocabulary(model.dataset_meta.get('vocabulary') or ['<end>'])


@settings(phases=[Phase.generate])  # shrinking would take minutes
@given(data=st.data(), resume=st.booleans())
def test_runs_from_edited_checkpoints(folder, content, data, resume):
    path = write(folder / 'edited.pth', saved(data.draw(edited(content(), VALUES))))
    bystander = write(folder / 'best_bystander.pth', b'')
    cfg = tiny_config(folder / 'resumed', 3, validate=3, hooks=dict(
        checkpoint=dict(max_keep_ckpts=1, save_best='tiny/brightness', rule='less')))
    cfg.resume, cfg.load_from = resume, str(path)
    with only_our_errors():
        train(cfg)
    assert bystander.exists()


PARTS = dict(
    text_encoder=dict(type='DAMSMTextEncoder', vocab_size=5, embed_dim=6, out_channels=8),
    generator=dict(type='SSACNGenerator', base_channels=2, noise_size=4, cond_channels=8, resolution=16,
                   channel_mults=[2, 2, 1], mask_channels=4),
    discriminator=dict(type='OneWayDiscriminator', base_channels=2, cond_channels=8, resolution=16,
                       channel_mults=[2, 2]))


@pytest.fixture(scope='module')
def released(tmp_path_factory) -> Callable[[str], dict]:
    """Gives the content of small files of the released form, by part."""
    folder = tmp_path_factory.mktemp('released')
    state = {f'{part}.{key}': value for part, cfg in PARTS.items()
             for key, value in MODELS.build(cfg).state_dict().items()}
    torch.save(dict(meta={}, state_dict=state), folder / 'ours.pth')
    release_ssagan(folder / 'ours.pth', folder)
    contents = {path.stem: dict(torch.load(path, weights_only=True)) for path in folder.glob('*.pth')}
    return lambda name: contents[name]


def test_released_form_converts(folder, released):
    for name in ('netG', 'netD', 'text_encoder'):
        convert_ssagan([write(folder / f'{name}.pth', saved(released(name)))], folder / 'out.pth', True)


@pytest.mark.parametrize('value', [None, torch.ones(3)])
def test_text_encoder_whose_embedding_is_none_is_refused(folder, released, value):
    path = write(folder / 'text.pth', saved(dict(released('text_encoder'), **{'encoder.weight': value})))
    with pytest.raises(WeightsError, match='not a whole text_encoder'):
        convert_ssagan([path], folder / 'out.pth', True)


@given(name=st.sampled_from(['netG', 'netD', 'text_encoder']), data=st.data())
def test_edited_released_files(folder, released, name, data):
    path = write(folder / 'netX.pth', saved(data.draw(edited(released(name), VALUES, edits=2))))
    with only_our_errors():
        convert_ssagan([path], folder / 'out.pth', True)
        open_model_checkpoint(folder / 'out.pth')


@given(data=st.data())
def test_edited_checkpoints_to_released_files(folder, released, data):
    ours = dict(released('ours'), meta=dict(dataset_meta=dict(vocabulary=['<end>', 'a', 'b', 'c', 'd'])))
    path = write(folder / 'ours.pth', saved(data.draw(edited(ours, VALUES))))
    with only_our_errors():
        release_ssagan(path, folder / 'released', True)


@given(data=st.data(), part=st.sampled_from(['text_encoder']))
def test_encoders_from_edited_files(folder, released, data, part):
    source = data.draw(st.sampled_from([released('ours'), released(part)]))
    path = write(folder / 'pretrained.pth', saved(data.draw(edited(source, VALUES))))
    with only_our_errors():
        MODELS.build(dict(PARTS[part], pretrained=str(path)))
