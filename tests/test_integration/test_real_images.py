"""Photographs with captions, from a folder to trained networks and pictures."""
import json
import shutil
from pathlib import Path

import pytest
import skimage
from PIL import Image

from genzoo.apis import TextToImageInferencer

ROOT = Path(__file__).parents[2]
CAPTIONS = {
    'astronaut.png': ['a smiling woman in an orange space suit', 'an astronaut stands before a flag'],
    'chelsea.png': ['a brown cat looks to the side', "the cat's face and its green eyes"],
    'coffee.png': ['a cup of coffee on a wooden table', 'a small spoon lies beside a red cup'],
    'rocket.jpg': ['a white rocket stands on its launch pad', 'four towers around a rocket, at sunrise'],
    'hubble_deep_field.jpg': ['many galaxies in a black sky', 'far-away stars and galaxies'],
    'motorcycle_left.png': ['a motorcycle in a garage', 'a motorcycle, tools and a bench'],
    'coins.png': ['rows of old coins on a dark ground', 'grey coins of different size'],
    'camera.png': ['a man behind a camera in a park', 'a photographer and his tripod'],
}
LOADER = "num_workers=0, persistent_workers=False, dataset=dict(data_root='{data}', captions_per_image=2)"
CONFIGS = dict(
    damsm=f'''
_base_ = '{ROOT}/configs/ssagan/damsm_folder.py'
model = dict(text_encoder=dict(vocab_size={{words}}),
             image_encoder=dict(trunk='tiny', trunk_weights=None, frozen_trunk=False, input_size=64))
train_cfg = dict(max_iters=3, val_interval=3)
train_dataloader = dict(global_batch_size=3, {LOADER})
val_dataloader = dict({LOADER})
''',
    ssagan=f'''
_base_ = '{ROOT}/configs/ssagan/ssagan_folder.py'
encoders = dict(
    text_encoder=dict(type='DAMSMTextEncoder', vocab_size={{words}}, pretrained='{{damsm}}'),
    image_encoder=dict(type='DAMSMImageEncoder', trunk='tiny', input_size=64, pretrained='{{damsm}}'))
model = dict(generator=dict(base_channels=2), discriminator=dict(base_channels=2), **encoders)
train_cfg = dict(max_iters=3, val_interval=3)
custom_hooks = [dict(type='SampleImagesHook', interval=3, num_samples=2)]
default_hooks = dict(checkpoint=dict(interval=3))
stub = dict(type='StubFeatures', channels=8, num_classes=10, seed=0)
val_evaluator = [dict(type='RPrecision', num_candidates=2, num_folds=1, **encoders)]
test_evaluator = [*val_evaluator, dict(type='FID', network=stub),
                  dict(type='InceptionScore', splits=2, network=stub),
                  dict(type='SaveImages', out_dir='{{out}}')]
train_dataloader = dict(global_batch_size=3, {LOADER})
val_dataloader = dict({LOADER})
test_dataloader = dict({LOADER})
''')


def _write_config(path: Path, kind: str, **values) -> Path:
    path.write_text(CONFIGS[kind].format(**values))
    return path


@pytest.fixture(scope='module')
def prepared(tmp_path_factory, run_tool):
    photos, data = tmp_path_factory.mktemp('photos'), tmp_path_factory.mktemp('data') / 'photos'
    for name, captions in CAPTIONS.items():
        shutil.copy(Path(skimage.__file__).parent / 'data' / name, photos / name)
        (photos / name).with_suffix('.txt').write_text('\n'.join(captions) + '\n')
    result = run_tool('prepare/captions_folder.py', '--image-dir', photos, '--out', data,
                      '--test-fraction', '0.25')
    words = int(result.stdout.split(', ')[-1].split()[0])
    return data, words


def test_photographs_go_from_a_folder_to_pictures(prepared, run_tool, tmp_path):
    data, words = prepared
    damsm_config = _write_config(tmp_path / 'damsm.py', 'damsm', words=words, data=data)
    run_tool('train.py', damsm_config, '--work-dir', tmp_path / 'damsm')
    damsm = tmp_path / 'damsm' / 'iter_3.pth'
    config = _write_config(tmp_path / 'ssagan.py', 'ssagan', words=words, data=data, damsm=damsm,
                           out=tmp_path / 'pictures')
    run_tool('train.py', config, '--work-dir', tmp_path / 'ssagan')
    checkpoint = tmp_path / 'ssagan' / 'iter_3.pth'
    assert Image.open(tmp_path / 'ssagan' / 'samples' / 'iter_3.png').size[0] > 256

    run_tool('test.py', config, checkpoint, '--work-dir', tmp_path / 'test', '--out', tmp_path / 'results.json')
    results = json.loads((tmp_path / 'results.json').read_text())
    assert results['FID/fid'] > 0
    assert results['FID/num_real'] == 2
    assert results['FID/num_fake'] == 4
    assert results['InceptionScore/mean'] >= 1
    written = json.loads((tmp_path / 'pictures' / 'captions.json').read_text())
    assert len({entry['file'] for entry in written}) == 4  # two test images, two captions each
    assert all(Image.open(tmp_path / 'pictures' / entry['file']).size == (256, 256) for entry in written)

    inferencer = TextToImageInferencer(config, checkpoint, device='cpu')
    images = inferencer(['a red cat on a wooden table'], num=2, out_dir=tmp_path / 'out', progress=False)
    assert [image['image'].shape for image in images] == [(3, 256, 256)] * 2
    assert len(list((tmp_path / 'out').glob('0000_*.png'))) == 2
