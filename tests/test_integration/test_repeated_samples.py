"""Several images of each caption: to files, and compared with each other."""
import json
from pathlib import Path

import pytest
import torch

from genzoo.apis.config import load_config
from genzoo.apis.model import without_weight_files
from genzoo.registry import MODELS

ROOT = Path(__file__).parents[2]
TOY = ROOT / 'configs' / 'ssagan' / 'ssagan_toy.py'
CONFIG = f'''
_base_ = '{TOY}'
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(
    _delete_=True, type='RepeatedDataset', times=3,
    dataset=dict(type='ShapesCaptionDataset', split='test', length=4)))
test_evaluator = [dict(type='SaveImages', out_dir='somewhere')]
'''


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """An untrained toy model."""
    torch.manual_seed(0)
    model = MODELS.build(without_weight_files(load_config(TOY).model))
    path = tmp_path_factory.mktemp('toy') / 'toy.pth'
    torch.save(dict(meta={}, state_dict=model.state_dict()), path)
    return path


def test_a_repeated_data_set_gives_several_images_of_each_caption(checkpoint, run_tool, tmp_path):
    config, out = tmp_path / 'samples.py', tmp_path / 'pictures'
    config.write_text(CONFIG)
    command = ['test.py', config, checkpoint, '--work-dir', tmp_path, '--metrics', 'save_images',
               '--cfg-options', f'test_evaluator.0.out_dir={out}', 'test_dataloader.dataset.times=2']
    run_tool(*command)
    entries = json.loads((out / 'captions.json').read_text())
    assert [(entry['key'], entry['sample_index']) for entry in entries] == [
        (f'test_{number:06d}', sample) for number in range(4) for sample in range(2)]
    for first, second in zip(entries[::2], entries[1::2]):
        assert first['caption'] == second['caption']
        assert (out / first['file']).read_bytes() != (out / second['file']).read_bytes()  # other noise
    again = run_tool(*command, ok=False)
    assert again.returncode == 1
    assert 'exists already' in again.stdout.strip().splitlines()[-1]
