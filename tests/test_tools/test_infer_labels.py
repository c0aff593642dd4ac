"""The commands that the zoo prints for label-to-image models, with those models, narrow and untrained."""
import shlex

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from PIL import Image

from genzoo.apis import LabelToImageInferencer
from genzoo.apis.config import load_config
from genzoo.apis.zoo import read_zoo
from genzoo.datasets import DeepFashionPoseDataset
from genzoo.errors import DataError
from genzoo.registry import MODELS

from .running import CONFIGS, run_tool

FACES, POSES = 'monce_spade_celebahq', 'monce_spade_deepfashion'
JOINTS = '20 5 0.9 0\n20 15 0.8 1\n10 15 0.7 2\n'
PERSON = ' '.join(['0', '1', '2', *['-1'] * 15, '10.5', '3']) + '\n'


@pytest.fixture
def narrow(tmp_path, monkeypatch):
    """A function from a config's name to a config of the same model, of two channels, and its untrained weights."""
    monkeypatch.chdir(tmp_path)

    def make(name):
        (tmp_path / 'narrow.py').write_text(
            f"_base_ = {str(CONFIGS / 'monce' / name) + '.py'!r}\n"
            'model = dict(generator=dict(base_channels=2), discriminator=None, loss_contrast=None)\n')
        cfg = load_config(tmp_path / 'narrow.py')
        init_default_scope('genzoo')
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'narrow.pth')
        return tmp_path / 'narrow.py', tmp_path / 'narrow.pth'
    return make


def printed_command(name, model):
    """The words after the tool of the command that ``tools/download.py`` prints, for another config and weights."""
    line, = (line for line in read_zoo().find(name).next if 'infer.py' in line)
    return shlex.split(line.format(config=model[0], checkpoint=model[1]))[2:]


def poses(root):
    """Two people of 40 x 30 pixels in DeepFashion's layout."""
    names = ('WOMEN/Dresses/id_1', 'MEN/Pants/id_2')
    for name in names:
        for kind, content in (('candidate', JOINTS), ('subset', PERSON)):
            (root / 'pose' / name).parent.mkdir(parents=True, exist_ok=True)
            (root / 'pose' / f'{name}_{kind}.txt').write_text(content)
        (root / 'img' / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (40, 30)).save(root / 'img' / f'{name}.jpg')
    (root / 'val.txt').write_text(''.join(f'{name}.jpg\n' for name in names))
    return root


def pictures(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*.png'))


def test_part_maps_of_faces_become_images(narrow, monkeypatch, capsys, tmp_path):
    (tmp_path / 'labels').mkdir()
    Image.fromarray(np.uint8([[0, 1], [17, 18]])).save(tmp_path / 'labels' / '00007.png')
    status, _, error = run_tool(monkeypatch, capsys, 'infer.py', *printed_command(FACES, narrow(FACES)))
    assert (status, error.count('Error')) == (0, 0), error
    assert pictures(tmp_path / 'out') == ['input_label/00007.png', 'synthesized_image/00007.png']
    assert Image.open(tmp_path / 'out/synthesized_image/00007.png').size == (256, 256)


def test_a_part_map_anywhere_shows_nobody_with_glasses(narrow, tmp_path):
    Image.fromarray(np.uint8([[0, 1], [17, 18]])).save(tmp_path / '00007.png')
    label = LabelToImageInferencer(*narrow(FACES), 'cpu').read(tmp_path / '00007.png', None, None)
    assert label.shape == (2, 256, 256)
    assert label[0].unique().tolist() == [0, 1, 17, 18]
    assert not label[1].any()


def test_key_points_become_images_called_as_theirs(narrow, monkeypatch, capsys, tmp_path):
    poses(tmp_path / 'data' / 'DeepFashion')
    status, _, error = run_tool(monkeypatch, capsys, 'infer.py', *printed_command(POSES, narrow(POSES)))
    assert (status, error.count('Error')) == (0, 0), error
    assert pictures(tmp_path / 'out' / 'synthesized_image') == ['MEN/Pants/id_2.png', 'WOMEN/Dresses/id_1.png']
    assert np.asarray(Image.open(tmp_path / 'out/input_label/MEN/Pants/id_2.png')).any()


def test_key_points_are_drawn_as_the_data_set_draws_them(narrow, tmp_path):
    pipeline = load_config(CONFIGS / 'monce' / f'{POSES}.py').test_dataloader.dataset.pipeline
    data = DeepFashionPoseDataset(poses(tmp_path), phase='test', pipeline=pipeline)
    inferencer = LabelToImageInferencer(*narrow(POSES), 'cpu')
    for place, name in enumerate(('WOMEN/Dresses/id_1', 'MEN/Pants/id_2')):
        label = inferencer.read(tmp_path / 'pose' / f'{name}_candidate.txt', None, None)
        assert torch.equal(label, data[place]['inputs']['label'])


def test_without_their_image_key_points_must_lie_in_the_models(narrow, tmp_path):
    inferencer = LabelToImageInferencer(*narrow(POSES), 'cpu')
    for kind, content in (('candidate', JOINTS), ('subset', PERSON)):
        (tmp_path / f'a_{kind}.txt').write_text(content)
    drawing = inferencer.read(tmp_path / 'a_candidate.txt', None, None)[:3]
    assert drawing[:, 15, 20].any()
    (tmp_path / 'a_candidate.txt').write_text(JOINTS.replace('20 15', '20 256'))
    with pytest.raises(DataError, match=r'a_candidate\.txt: its key points do not lie in an image of 256x256 pixels'):
        inferencer.read(tmp_path / 'a_candidate.txt', None, None)
    (tmp_path / 'a_subset.txt').unlink()
    with pytest.raises(DataError, match=r'a_subset\.txt: the file of key points is missing'):
        inferencer.read(tmp_path / 'a_candidate.txt', None, None)
