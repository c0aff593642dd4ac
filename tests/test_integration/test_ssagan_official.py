"""The official configs on data and weights in the official form."""
import json

import numpy as np
import pytest
import torch
from PIL import Image

CUB = 'configs/ssagan/ssagan_cub.py'


def _options(cub, encoders, **more):
    options = {'train_dataloader.dataset.data_root': cub, 'val_dataloader.dataset.data_root': cub,
               'test_dataloader.dataset.data_root': cub}
    for owner in ('model', 'val_evaluator.0', 'test_evaluator.0'):
        for encoder in ('text_encoder', 'image_encoder'):
            options[f'{owner}.{encoder}.pretrained'] = encoders / f'{encoder}200.pth'
    for split in ('train', 'val', 'test'):
        options[f'{split}_dataloader.num_workers'] = 0
        options[f'{split}_dataloader.persistent_workers'] = False
    options |= {'train_dataloader.global_batch_size': 2,
                'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1000, 'default_hooks.logger.interval': 1}
    return [f'{key}={value}' for key, value in (options | more).items()]


@pytest.mark.slow
@pytest.mark.parametrize('config', ['ssagan_cub.py', 'ssagan_cub_finetune-text.py'])
def test_trains_an_iteration_at_full_size(config, cub, released_encoders, run_tool, tmp_path):
    more = {'custom_hooks': '[]', 'val_evaluator': 'None', 'val_cfg': 'None', 'val_dataloader': 'None',
            'default_hooks.checkpoint.save_best': 'None', 'default_hooks.checkpoint.save_last': 'False'}
    options = [option for option in _options(cub, released_encoders, **more)
               if not option.startswith(('val_dataloader.', 'val_evaluator.'))]
    result = run_tool('train.py', f'configs/ssagan/{config}', '--work-dir', tmp_path, '--cfg-options', *options)
    line = next(line for line in result.stdout.splitlines() if 'Iter(train) [' in line and '1/1]' in line)
    for name in ('loss_d_real', 'loss_d_mismatching', 'loss_d_fake', 'loss_gp', 'loss_g', 'loss_damsm'):
        assert f'{name}: ' in line
        assert 'nan' not in line


@pytest.mark.slow
def test_damsm_trains_an_iteration_at_full_size(cub, run_tool, tmp_path):
    from torchvision.models import inception_v3
    weights = tmp_path / 'inception.pth'
    torch.save(inception_v3(weights=None, init_weights=False).state_dict(), weights)
    options = [option for option in _options(cub, tmp_path) if 'evaluator' not in option and 'model.' not in option
               and not option.startswith('test_')]
    result = run_tool('train.py', 'configs/ssagan/damsm_cub.py', '--work-dir', tmp_path / 'run', '--cfg-options',
                      *options, f'model.image_encoder.trunk_weights={weights}', 'val_dataloader.batch_size=2',
                      'val_dataloader.max_batches=1', 'train_cfg.val_interval=1')
    assert 'loss_words: ' in result.stdout
    assert 'own_caption_rate: ' in result.stdout


@pytest.fixture(scope='session')
def converted(cub, released_encoders, released_generator, run_tool, tmp_path_factory):
    output = tmp_path_factory.mktemp('converted') / 'ssagan_cub.pth'
    run_tool('convert_checkpoint.py', 'ssagan', released_generator, released_encoders / 'text_encoder200.pth',
             cub / 'captions.pickle', output)
    return output


def test_released_files_become_pictures(converted, run_tool, tmp_path):
    out = tmp_path / 'out'
    run_tool('infer.py', 'ssagan', '--config', 'configs/ssagan/ssagan_cub_nf32.py', '--checkpoint', converted,
             '--text', 'word1 word2 and word3', '--num', 2, '--masks', '--out-dir', out, '--device', 'cpu')
    entries = json.loads((out / 'results.json').read_text())
    assert len(entries) == 2
    first, second = (np.asarray(Image.open(out / entry['file'])) for entry in entries)
    assert first.shape == (256, 256, 3)
    assert (first != second).any()
    stem = entries[0]['file'].removesuffix('.png')
    assert [Image.open(out / f'{stem}_mask_{4 * 2**k}.png').size[0] for k in range(7)] == [
        4, 8, 16, 32, 64, 128, 256]
    assert (out / 'sheet.png').exists()


def test_evaluates_released_files_by_r_precision(converted, cub, released_encoders, run_tool, tmp_path):
    options = [option for option in _options(cub, released_encoders)
               if option.startswith(('test_dataloader', 'test_evaluator'))]
    out = tmp_path / 'results.json'
    run_tool('test.py', 'configs/ssagan/ssagan_cub_nf32.py', converted, '--work-dir', tmp_path, '--metrics',
             'r_precision', '--out', out, '--cfg-options', *options, 'test_dataloader.batch_size=4',
             'test_evaluator.0.num_candidates=5', 'test_evaluator.0.num_folds=2')
    results = json.loads(out.read_text())
    assert 0 <= results['RPrecision/mean'] <= 1
    assert results['RPrecision/num_fake'] == 20  # two test images, ten captions each, nothing dropped


def test_fid_without_its_network_says_which_file_it_needs(converted, cub, released_encoders, run_tool, tmp_path):
    options = [option for option in _options(cub, released_encoders)
               if option.startswith(('test_dataloader', 'test_evaluator'))]
    result = run_tool('test.py', 'configs/ssagan/ssagan_cub_nf32.py', converted, '--work-dir', tmp_path,
                      '--metrics', 'fid', '--cfg-options', *options, ok=False)
    assert result.returncode == 1
    last = result.stdout.strip().splitlines()[-1]
    assert last.startswith('error: ')
    assert 'pt_inception-2015-12-05-6726825d.pth' in last


def test_conversion_there_and_back_is_lossless(converted, released_generator, run_tool, tmp_path):
    run_tool('convert_checkpoint.py', 'ssagan', '--to-released', converted, tmp_path / 'released')
    before = torch.load(released_generator, weights_only=True)
    after = torch.load(tmp_path / 'released' / 'netG.pth', weights_only=True)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
