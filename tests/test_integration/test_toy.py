"""The toy configs as a user runs them, a few iterations long."""
import pytest
import torch

from genzoo.utils import open_checkpoint

SHORT = ['train_cfg.val_interval=1000', 'default_hooks.checkpoint.interval=2', 'custom_hooks=[]',
         'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']


@pytest.mark.slow
def test_stopped_and_resumed_training_ends_in_the_same_bits(run_tool, tmp_path):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    config = 'configs/ssagan/ssagan_toy.py'
    run_tool('train.py', config, '--work-dir', whole, '--cfg-options', 'train_cfg.max_iters=4', *SHORT)
    run_tool('train.py', config, '--work-dir', parts, '--cfg-options', 'train_cfg.max_iters=2', *SHORT)
    run_tool('train.py', config, '--work-dir', parts, '--resume', '--cfg-options', 'train_cfg.max_iters=4', *SHORT)
    one, two = open_checkpoint(whole / 'iter_4.pth'), open_checkpoint(parts / 'iter_4.pth')
    for key, value in one['state_dict'].items():
        assert torch.equal(value, two['state_dict'][key]), key
    for name, optimizer in one['optimizer'].items():
        for index, slots in optimizer['state'].items():
            for slot, value in slots.items():
                assert torch.equal(value, two['optimizer'][name]['state'][index][slot]), (name, index, slot)


def test_misspelt_option_names_the_nearest_valid_one(run_tool, tmp_path):
    result = run_tool('train.py', 'configs/ssagan/ssagan_toy.py', '--work-dir', tmp_path / 'run', '--cfg-options',
                      'model.generator.base_chanels=8', ok=False)
    assert result.returncode == 1
    last = result.stdout.strip().splitlines()[-1]
    assert last.startswith('error: ')
    assert 'base_chanels' in last
    assert 'base_channels' in last
    assert not (tmp_path / 'run').exists()


def test_data_of_another_vocabulary_is_refused_before_training(run_tool, tmp_path):
    result = run_tool('train.py', 'configs/ssagan/ssagan_toy.py', '--work-dir', tmp_path, '--cfg-options',
                      'train_dataloader.dataset.paraphrases=True', *SHORT, ok=False)
    assert result.returncode == 1
    assert '19 words' in result.stdout.strip().splitlines()[-1]


def test_missing_data_folder_is_one_line_with_the_remedy(run_tool, tmp_path):
    encoders = [f'model.{name}.pretrained=None' for name in ('text_encoder', 'image_encoder')]
    result = run_tool('train.py', 'configs/ssagan/ssagan_cub_nf32.py', '--work-dir', tmp_path, '--cfg-options',
                      'train_dataloader.dataset.data_root=/nowhere/birds', *encoders, ok=False)
    assert result.returncode == 1
    last = result.stdout.strip().splitlines()[-1]
    assert last.startswith('error: /nowhere/birds')
    assert 'Traceback' not in result.stdout


@pytest.mark.parametrize('seed', ['-1', '4294967296'])
def test_impossible_seeds_are_one_line(run_tool, tmp_path, seed):
    result = run_tool('train.py', 'configs/ssagan/ssagan_toy.py', '--work-dir', tmp_path, '--cfg-options',
                      f'randomness.seed={seed}', ok=False)
    assert result.returncode == 1
    assert result.stdout.strip() == f'error: randomness.seed={seed}: must be a whole number from 0 to 4294967295.'


@pytest.mark.slow
def test_mixed_precision_trains_on_a_cpu(run_tool, tmp_path):
    for config in ('damsm_toy.py', 'ssagan_toy.py'):
        result = run_tool('train.py', f'configs/ssagan/{config}', '--amp', '--work-dir', tmp_path / config,
                          '--cfg-options', 'train_cfg.max_iters=2', *SHORT)
        assert 'Saving checkpoint at 2 iterations' in result.stdout
