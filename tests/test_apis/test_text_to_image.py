import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from genzoo.apis import TextToImageInferencer, init_model
from genzoo.apis.inferencers.text_to_image import sheet_columns
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


def test_masks_that_nobody_asked_for_are_not_kept(inferencer):
    assert inferencer([RED], progress=False)[0]['masks'] == []
    masks = inferencer([RED], mask_stages=[8, 32], progress=False)[0]['masks']
    assert [mask.shape for mask in masks] == [(1, 8, 8), (1, 32, 32)]


def test_each_batch_is_written_before_the_next_is_made(inferencer, tmp_path):
    stream = inferencer.stream([RED, BLUE], num=4, batch_size=2, out_dir=tmp_path, progress=False)
    for number, result in enumerate(stream, start=1):
        assert result['path'].exists()
        assert len(list(tmp_path.glob('*.png'))) == number


def test_sheet_of_many_captions_stays_small_enough_to_be_opened(inferencer, tmp_path):
    results = inferencer([RED] * 100, batch_size=100, out_dir=tmp_path, progress=False)
    assert len(results) == 100
    assert max(Image.open(tmp_path / 'sheet.png').size) < 2000
    assert len(json.loads((tmp_path / 'results.json').read_text())) == 100


@pytest.mark.parametrize(('images', 'num', 'columns'), [
    (36, 6, 6), (4, 2, 2), (64, 1, 8), (64, 2, 8), (64, 3, 9), (64, 20, 8), (64, 500, 8), (1, 1, 1)])
def test_a_row_of_the_sheet_shows_whole_captions_where_they_fit(images, num, columns):
    assert sheet_columns(images, num) == columns


def test_captions_longer_than_in_training_are_cut_and_the_user_is_told(inferencer, monkeypatch):
    logged, seen = [], []
    monkeypatch.setattr('genzoo.apis.inferencers.text_to_image.print_log', lambda text, *_: logged.append(text))
    step = inferencer.model.val_step
    monkeypatch.setattr(inferencer.model, 'val_step', lambda data: seen.append(data['inputs']) or step(data))
    long = ' and '.join([RED, BLUE, RED])
    for seed in (1, 1, 2):
        inferencer([long, RED], seed=seed, progress=False)
    assert all(inputs['caption_length'].tolist() == [18, 8] for inputs in seen)
    first, again, other = (inputs['caption_ids'] for inputs in seen)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(logged) == 3
    assert '24 words, but the model takes 18' in logged[0]


def test_length_of_captions_is_what_the_checkpoint_says(checkpoint, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    content['meta']['dataset_meta']['max_words'] = 5
    torch.save(content, tmp_path / 'short.pth')
    inferencer = TextToImageInferencer(CONFIG, tmp_path / 'short.pth', device='cpu')
    assert inferencer._encode([RED], 'drop', seed=0)[0][1] == 5


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
    (dict(num=0), '--num 0'), (dict(seed=-1), '--seed -1'), (dict(seed=10**23), '--seed 10000'),
    (dict(truncation=-1.0), '--truncation'), (dict(mask_stages=[7]), '--mask-stages 7'),
    (dict(batch_size=0), '--batch-size 0'),
])
def test_impossible_options_are_refused(inferencer, options, message):
    with pytest.raises(ConfigError, match=message):
        inferencer([RED], **options, progress=False)


def test_impossible_options_leave_no_folder(inferencer, tmp_path):
    with pytest.raises(ConfigError, match='--batch-size 0'):
        inferencer([RED], batch_size=0, out_dir=tmp_path / 'out', progress=False)
    assert not (tmp_path / 'out').exists()
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match='--out-dir .*file: is a file'):
        inferencer([RED], out_dir=tmp_path / 'file', progress=False)


def test_caption_of_a_whole_book_keeps_the_sheet_small(inferencer, tmp_path):
    inferencer([' '.join([RED] * 500)], out_dir=tmp_path, progress=False)
    assert Image.open(tmp_path / 'sheet.png').height < 1000


def test_broken_weights_are_refused(checkpoint, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    content['state_dict']['generator.fc.bias'][3] = torch.nan
    torch.save(content, tmp_path / 'nan.pth')
    with pytest.raises(WeightsError, match='nan.pth: generator.fc.bias holds values that are not finite'):
        init_model(CONFIG, tmp_path / 'nan.pth', 'cpu')


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


@pytest.mark.parametrize('averaging', [True, False])
def test_averaged_generator_of_the_checkpoint_draws(checkpoint, tmp_path, averaging):
    content = torch.load(checkpoint, weights_only=True)
    state = content['state_dict']
    other = {key: value + 1e-2 if value.is_floating_point() else value
             for key, value in state.items() if key.startswith('generator.')}
    content['state_dict'] = state | {key.replace('generator.', 'generator_ema.module.'): value
                                     for key, value in other.items()} | {'generator_ema.steps': torch.tensor(3)}
    torch.save(content, tmp_path / 'averaged.pth')
    torch.save(dict(content, state_dict=state | other), tmp_path / 'other.pth')
    config = Config.fromfile(CONFIG)
    if averaging:
        config.model.ema = dict(generator=dict(type='ExponentialMovingAverage', momentum=0.001))
    images = [_images(TextToImageInferencer(cfg, tmp_path / name, device='cpu')([RED], progress=False))
              for cfg, name in ((config, 'averaged.pth'), (CONFIG, 'other.pth'), (CONFIG, checkpoint))]
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])


def test_init_model_takes_config_objects_and_refuses_unknown_devices(checkpoint):
    model = init_model(Config.fromfile(CONFIG), checkpoint, 'cpu')
    assert not model.training
    assert len(model.dataset_meta['vocabulary']) == 18
    with pytest.raises(ConfigError, match='no-such-device'):
        init_model(CONFIG, checkpoint, 'no-such-device')
