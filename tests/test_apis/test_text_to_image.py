import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from genzoo.apis import TextToImageInferencer, init_model
from genzoo.errors import ConfigError, DataError, WeightsError
from genzoo.registry import MODELS
from genzoo.utils.shapes import CAPTIONS

CONFIG = 'configs/ssagan/ssagan_toy.py'
RED, BLUE = 'a large red circle on a black background', 'a small blue square on a white background'


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """An untrained toy model with its vocabulary."""
    from genzoo.apis import load_config
    from genzoo.apis.model import without_weight_files
    torch.manual_seed(0)
    model = MODELS.build(without_weight_files(load_config(CONFIG).model))
    words = list(dict.fromkeys(['<end>', *(word for caption in CAPTIONS for word in caption.split())]))
    path = tmp_path_factory.mktemp('toy') / 'toy.pth'
    torch.save(dict(meta=dict(dataset_meta=dict(vocabulary=words)), state_dict=model.state_dict()), path)
    return path


@pytest.fixture(scope='module')
def inferencer(checkpoint):
    return TextToImageInferencer(CONFIG, checkpoint, device='cpu')


def _images(results):
    return torch.stack([result['image'] for result in results])


def test_writes_pictures_masks_sheet_and_an_index(inferencer, tmp_path):
    results = inferencer([RED, BLUE], num=2, out_dir=tmp_path, masks=True, progress=False)
    entries = json.loads((tmp_path / 'results.json').read_text())
    assert [entry['caption'] for entry in entries] == [RED, RED, BLUE, BLUE]
    for entry, result in zip(entries, results):
        assert (np.asarray(Image.open(tmp_path / entry['file'])) == result['image'].permute(1, 2, 0).numpy()).all()
    assert len(list(tmp_path.glob('*_mask_*.png'))) == 4 * 4
    assert (tmp_path / 'sheet.png').exists()


def test_same_seed_gives_the_same_pictures_whatever_the_batch_size(inferencer):
    one = _images(inferencer([RED, BLUE], num=3, seed=5, batch_size=2, progress=False))
    two = _images(inferencer([RED, BLUE], num=3, seed=5, batch_size=16, progress=False))
    assert (one.int() - two.int()).abs().max() <= 1
    other = _images(inferencer([RED, BLUE], num=3, seed=6, progress=False))
    assert (one != other).any()


def test_same_noise_gives_captions_the_same_noises(checkpoint, monkeypatch):
    inferencer = TextToImageInferencer(CONFIG, checkpoint, device='cpu')
    seen = []
    step = inferencer.model.val_step
    monkeypatch.setattr(inferencer.model, 'val_step',
                        lambda data: seen.append(data['inputs']['noise']) or step(data))
    inferencer([RED, BLUE], num=2, same_noise=True, progress=False)
    noise = torch.cat(seen)
    assert torch.equal(noise[:2], noise[2:])
    assert not torch.equal(noise[0], noise[1])


def test_truncation_bounds_the_noise(inferencer):
    noise = inferencer._noise(3, 2, seed=0, same=False, truncation=0.5)
    assert noise.shape == (6, 100)
    assert noise.abs().max() <= 0.5
    assert noise.std() > 0.2


def test_chosen_mask_stages_alone_are_written(inferencer, tmp_path):
    inferencer([RED], out_dir=tmp_path, mask_stages=[8, 32], progress=False)
    assert sorted(path.name.rpartition('_')[2] for path in tmp_path.glob('*_mask_*')) == ['32.png', '8.png']


def test_captions_come_from_a_file(inferencer, tmp_path):
    path = tmp_path / 'captions.txt'
    path.write_text(f'{RED}\n\n{BLUE}\n')
    results = inferencer(captions_file=path, progress=False)
    assert [result['caption'] for result in results] == [RED, BLUE]


@pytest.mark.parametrize(('options', 'message'), [
    (dict(text=[]), 'no caption'),
    (dict(text=['']), 'holds no word'),
    (dict(text=['xyzzy plugh']), 'not in the vocabulary'),
    (dict(text=[RED + ' tomorrow'], unknown_words='error'), "'tomorrow'"),
    (dict(text=[RED], captions_file='/nowhere/captions.txt'), '/nowhere/captions.txt'),
])
def test_captions_that_say_nothing_are_refused(inferencer, options, message):
    with pytest.raises(DataError, match=message):
        inferencer(**options, progress=False)


@pytest.mark.parametrize(('options', 'message'), [
    (dict(num=0), '--num 0'), (dict(truncation=-1.0), '--truncation'), (dict(mask_stages=[7]), '--mask-stages 7'),
    (dict(batch_size=0), '--batch-size 0'),
])
def test_impossible_options_are_refused(inferencer, options, message):
    with pytest.raises(ConfigError, match=message):
        inferencer([RED], **options, progress=False)


def test_existing_files_are_kept_unless_told(inferencer, tmp_path):
    inferencer([RED], out_dir=tmp_path, progress=False)
    before = (tmp_path / 'sheet.png').read_bytes()
    with pytest.raises(ConfigError, match='--overwrite'):
        inferencer([RED], seed=1, out_dir=tmp_path, progress=False)
    assert (tmp_path / 'sheet.png').read_bytes() == before
    inferencer([RED], seed=1, out_dir=tmp_path, overwrite=True, progress=False)
    assert (tmp_path / 'sheet.png').read_bytes() != before


def test_unknown_words_are_dropped_by_default(inferencer):
    plain, odd = inferencer([RED, RED + ' tomorrow'], same_noise=True, progress=False)
    assert (plain['image'].int() - odd['image'].int()).abs().max() <= 1


def test_missing_weights_say_how_to_get_them():
    with pytest.raises(WeightsError, match=r'nowhere.pth: .*--checkpoint'):
        TextToImageInferencer(CONFIG, 'nowhere.pth')


def test_checkpoint_of_another_width_is_named(checkpoint):
    with pytest.raises(WeightsError, match=r'toy.pth.*another model'):
        TextToImageInferencer('configs/ssagan/ssagan_cub_nf32.py', checkpoint)


def test_checkpoint_without_vocabulary_asks_for_captions_pickle(checkpoint, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    torch.save(dict(state_dict=content['state_dict']), tmp_path / 'bare.pth')
    with pytest.raises(DataError, match='--captions-pickle'):
        TextToImageInferencer(CONFIG, tmp_path / 'bare.pth', device='cpu')


def test_vocabulary_of_another_data_set_is_refused(checkpoint, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    content['meta']['dataset_meta']['vocabulary'].append('tomorrow')
    torch.save(content, tmp_path / 'other.pth')
    with pytest.raises(DataError, match='19 words'):
        TextToImageInferencer(CONFIG, tmp_path / 'other.pth', device='cpu')


def test_init_model_takes_config_objects_and_refuses_unknown_devices(checkpoint):
    model = init_model(Config.fromfile(CONFIG), checkpoint, 'cpu')
    assert not model.training
    assert len(model.dataset_meta['vocabulary']) == 18
    with pytest.raises(ConfigError, match='no-such-device'):
        init_model(CONFIG, checkpoint, 'no-such-device')
