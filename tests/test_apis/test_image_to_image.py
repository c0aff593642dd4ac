"""Mostly with stand-ins for the models: one inverts its images, the other paints classes grey."""
import inspect
import os

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from PIL import Image
from torch import nn

from genzoo.apis import ImageTranslationInferencer, LabelToImageInferencer, MoNCEInferencer
from genzoo.apis.inferencers.image_to_image import KINDS, resize_label
from genzoo.errors import ConfigError, DataError, WeightsError
from genzoo.registry import MODELS
from genzoo.structures import DataSample


class _Model(BaseModel):
    def __init__(self):
        super().__init__(MODELS.build(dict(type='ZooDataPreprocessor')))
        self.generator = nn.Linear(1, 1)
        self.seen = []

    def network(self, name):
        return getattr(self, name)


@MODELS.register_module(name='TestInverter', force=True)
class _Inverter(_Model):
    def forward(self, inputs, data_samples=None, mode='tensor'):
        images = inputs['img_a']
        self.seen.append(tuple(images.shape))
        return [DataSample(fake_img=((1 - image) * 127.5).round().to(torch.uint8)) for image in images]


@MODELS.register_module(name='TestPainter', force=True)
class _Painter(_Model):
    def __init__(self):
        super().__init__()
        self.generator.image_size = (8, 16)
        self.num_classes, self.label_mode = 8, 'index'

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.seen.append(inputs['label'])
        return [DataSample(fake_img=(10 * label[:1]).to(torch.uint8).expand(3, -1, -1)) for label in inputs['label']]


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    monkeypatch.setitem(KINDS, 'TestInverter', ImageTranslationInferencer)
    monkeypatch.setitem(KINDS, 'TestPainter', LabelToImageInferencer)


def _build(folder, kind, **dataset_meta):
    (folder / f'{kind}.py').write_text(f"default_scope = 'genzoo'\nmodel = dict(type='{kind}')\n")
    model = MODELS.build(dict(type=kind))
    torch.save(dict(meta=dict(dataset_meta=dataset_meta), state_dict=model.state_dict()), folder / f'{kind}.pth')
    return MoNCEInferencer(folder / f'{kind}.py', folder / f'{kind}.pth', 'cpu')


@pytest.fixture
def inverter(tmp_path):
    return _build(tmp_path, 'TestInverter')


@pytest.fixture
def painter(tmp_path):
    return _build(tmp_path, 'TestPainter')


def _photo(path, width=20, height=18, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.RandomState(seed).randint(256, size=(height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, quality=95)
    return pixels


def _read(path):
    return np.asarray(Image.open(path))


def _written(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


@pytest.mark.parametrize(('width', 'height'), [(16, 16), (17, 19), (30, 21)])
def test_an_image_of_any_size_keeps_its_size(inverter, tmp_path, width, height):
    pixels = _photo(tmp_path / 'in' / 'a.png', width, height)
    result = inverter(tmp_path / 'in' / 'a.png', out_dir=tmp_path / 'out', progress=False)[0]
    assert result['path'] == tmp_path / 'out' / 'a.png'
    assert np.array_equal(_read(result['path']), 255 - pixels)


def test_a_folder_is_searched_through_and_its_names_are_kept(inverter, tmp_path):
    for name in ('b.png', 'sub/c.JPG', 'sub/deep/d.bmp'):
        _photo(tmp_path / 'in' / name)
    (tmp_path / 'in' / 'notes.txt').write_text('no picture')
    os.symlink(tmp_path / 'in', tmp_path / 'in' / 'sub' / 'upwards')
    inverter(tmp_path / 'in', out_dir=tmp_path / 'out', progress=False)
    assert _written(tmp_path / 'out') == ['b.png', 'sub/c.png', 'sub/deep/d.png']


def test_a_list_of_files_and_folders_is_taken_in_its_order(inverter, tmp_path):
    for name in ('x/b.png', 'x/a.png', 'c.png'):
        _photo(tmp_path / name)
    results = inverter([tmp_path / 'c.png', tmp_path / 'x'], progress=False)
    assert [result['source'].name for result in results] == ['c.png', 'a.png', 'b.png']


def test_results_do_not_depend_on_the_batch_and_only_like_sizes_share_one(inverter, tmp_path):
    for number, width in enumerate([16, 16, 16, 20, 16]):
        _photo(tmp_path / 'in' / f'{number}.png', width, 16, number)
    ones, twos = (inverter(tmp_path / 'in', batch_size=size, progress=False) for size in (1, 2))
    assert all(torch.equal(one['image'], two['image']) for one, two in zip(ones, twos))
    assert [shape[0] for shape in inverter.model.seen[5:]] == [2, 1, 1, 1]


def test_size_and_max_side_resize_first(inverter, tmp_path):
    _photo(tmp_path / 'a.png', 100, 50)
    assert inverter(tmp_path / 'a.png', size=24, progress=False)[0]['image'].shape == (3, 24, 24)
    assert inverter(tmp_path / 'a.png', max_side=40, progress=False)[0]['image'].shape == (3, 20, 40)
    assert inverter(tmp_path / 'a.png', max_side=200, progress=False)[0]['image'].shape == (3, 50, 100)


def test_photographs_are_turned_upright_as_the_camera_noted(inverter, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (32, 16)).save(tmp_path / 'a.jpg', exif=exif)
    assert inverter(tmp_path / 'a.jpg', progress=False)[0]['image'].shape == (3, 32, 16)


def test_sources_can_be_shown_beside_their_pictures(inverter, tmp_path):
    for number in range(3):
        _photo(tmp_path / 'in' / f'{number}.png', seed=number)
    inverter(tmp_path / 'in', out_dir=tmp_path / 'out', side_by_side=True, sheet=True, progress=False)
    names = [f'{number}.png' for number in range(3)]
    assert _written(tmp_path / 'out') == [*names, 'sheet.png', *(f'side_by_side/{name}' for name in names)]
    pair = _read(tmp_path / 'out' / 'side_by_side' / '1.png')
    middle = pair.shape[1] // 2
    assert (pair[8:100, 8:middle - 8].astype(int) + pair[8:100, middle + 6:-10] == 255).mean() > 0.9


def test_nothing_is_replaced_unless_told_and_a_source_never(inverter, tmp_path):
    _photo(tmp_path / 'in' / 'a.png')
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'a.png').write_bytes(b'old')
    with pytest.raises(ConfigError, match=r'out/a\.png: exists already\. .*--overwrite'):
        inverter(tmp_path / 'in', out_dir=tmp_path / 'out', progress=False)
    assert (tmp_path / 'out' / 'a.png').read_bytes() == b'old'
    inverter(tmp_path / 'in', out_dir=tmp_path / 'out', overwrite=True, progress=False)
    with pytest.raises(ConfigError, match='the source .*a.png would be replaced'):
        inverter(tmp_path / 'in', out_dir=tmp_path / 'in', overwrite=True, progress=False)


def test_results_within_the_input_folder_are_no_inputs_of_the_next_call(inverter, tmp_path):
    _photo(tmp_path / 'in' / 'a.png')
    for _ in range(2):
        results = inverter(tmp_path / 'in', out_dir=tmp_path / 'in' / 'out', overwrite=True, progress=False)
        assert len(results) == 1


def test_two_sources_of_one_name_are_refused_before_anything_is_written(inverter, tmp_path):
    _photo(tmp_path / 'in' / 'a.png')
    _photo(tmp_path / 'in' / 'a.jpg')
    with pytest.raises(ConfigError, match=r'a\.png: its picture would be .*, as that of .*a\.jpg'):
        inverter(tmp_path / 'in', out_dir=tmp_path / 'out', progress=False)
    assert not (tmp_path / 'out').exists()


def test_a_broken_picture_is_named_or_skipped(inverter, tmp_path):
    _photo(tmp_path / 'in' / 'b.png')
    (tmp_path / 'in' / 'a.png').write_bytes(b'\x89PNG broken')
    with pytest.raises(DataError, match=r'a\.png: truncated or not an image'):
        inverter(tmp_path / 'in', progress=False)
    results = inverter(tmp_path / 'in', on_error='skip', progress=False)
    assert [result['source'].name for result in results] == ['b.png']


@pytest.mark.parametrize(('options', 'error', 'message'), [
    (dict(input=[]), DataError, '--input nothing: there is no file'),
    (dict(input='/nowhere/a.png'), DataError, '/nowhere/a.png: is missing'),
    (dict(batch_size=0), ConfigError, '--batch-size 0'),
    (dict(max_side=0), ConfigError, '--max-side 0'),
    (dict(size=7), DataError, r'7x7 pixels are too few.*larger --size or --max-side\.'),
])
def test_options_that_cannot_be_followed_are_refused(inverter, tmp_path, options, error, message):
    _photo(tmp_path / 'a.png')
    with pytest.raises(error, match=message):
        inverter(**dict(input=tmp_path / 'a.png', progress=False) | options)


def test_a_label_map_becomes_an_image_of_the_models_size(painter, tmp_path):
    label = np.arange(8, dtype=np.uint8).reshape(2, 4)
    (tmp_path / 'in').mkdir()
    Image.fromarray(label).save(tmp_path / 'in' / 'a.png')
    painter(tmp_path / 'in', out_dir=tmp_path / 'out', progress=False)
    assert _written(tmp_path / 'out') == ['input_label/a.png', 'synthesized_image/a.png']
    image = _read(tmp_path / 'out' / 'synthesized_image' / 'a.png')
    assert np.array_equal(image[..., 0], 10 * label.repeat(4, axis=0).repeat(4, axis=1))
    colours = _read(tmp_path / 'out' / 'input_label' / 'a.png')
    assert len(np.unique(colours.reshape(-1, 3), axis=0)) == 8


@pytest.mark.parametrize('kind', ['npy', 'npz'])
def test_numpy_files_give_the_same_as_pictures_and_dense_ones_are_taken_as_they_are(painter, tmp_path, kind):
    save = np.save if kind == 'npy' else np.savez
    label = np.random.RandomState(0).randint(5, size=(8, 16))
    Image.fromarray(label.astype(np.uint8)).save(tmp_path / 'a.png')
    save(tmp_path / f'b.{kind}', label)
    save(tmp_path / f'c.{kind}', np.stack([label / 7, label / 9]))
    a, b = (painter(path, progress=False)[0]['image'] for path in (tmp_path / 'a.png', tmp_path / f'b.{kind}'))
    assert torch.equal(a, b)
    painter.model.num_classes, painter.model.label_mode = 2, 'dense'
    painter(tmp_path / f'c.{kind}', progress=False)
    assert painter.model.seen[0].dtype == torch.int64
    assert painter.model.seen[-1].dtype == torch.float32
    assert np.allclose(painter.model.seen[-1][0, 1], label / 9)


def test_label_files_are_read_by_the_rule_that_the_checkpoint_carries(tmp_path):
    painter = _build(tmp_path, 'TestPainter', label_rule=dict(label_nc=5, has_unknown=True, reduce_zero=True))
    Image.fromarray(np.uint8([[0, 1], [5, 255]])).save(tmp_path / 'a.png')
    painter(tmp_path / 'a.png', progress=False)
    assert painter.model.seen[0][0, 0, ::4, ::8].tolist() == [[5, 0], [4, 5]]
    Image.fromarray(np.uint8([[77]])).save(tmp_path / 'b.png')
    with pytest.raises(DataError, match=r'b\.png: its label 77 .* is out of range, must be 0\.\.5 or 255'):
        painter(tmp_path / 'b.png', progress=False)


def test_glasses_of_celebamask_hq_are_found_in_its_layout(painter, tmp_path):
    masks = tmp_path / 'CelebAMask-HQ-mask-anno'
    for name, values in (('all_parts_except_glasses/02001', [1, 2]), ('all_parts_except_glasses/00003', [1, 2]),
                         ('1/02001_eye_g', [0, 255])):
        (masks / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8([values])).save(masks / f'{name}.png')
    painter.model.label_mode = 'multi_hot'
    painter(masks / 'all_parts_except_glasses', progress=False)
    labels, = painter.model.seen
    assert labels[:, :, 0, ::8].tolist() == [[[1, 2], [0, 0]], [[1, 2], [0, 1]]]


@pytest.mark.parametrize(('label', 'message'), [
    (np.uint8([[0, 8]]), r'a\.npy: a label map with the value 8; the model has 8 classes'),
    (np.zeros((2, 1, 1), np.int64), r"a\.npy: a label map of 2 channels; 'index' labels of 8 classes have 1")])
def test_labels_that_the_model_does_not_know_are_named_with_their_file(painter, tmp_path, label, message):
    np.save(tmp_path / 'a.npy', label)
    with pytest.raises(DataError, match=message):
        painter(tmp_path / 'a.npy', progress=False)


CUT = dict(type='CUT', generator=dict(type='CUTResnetGenerator', base_channels=2, num_blocks=1))
SPADE = dict(type='SPADEModel', generator=dict(
    type='SPADEGenerator', label_channels=3, base_channels=2, crop_size=32))


def _saved(folder, model):
    (folder / 'own.py').write_text(f"default_scope = 'genzoo'\nmodel = {model}\n")
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), folder / 'own.pth')
    return folder / 'own.py', folder / 'own.pth', 'cpu'


class TestInstances:
    @pytest.fixture
    def files(self, tmp_path):
        for name, label in (('label', np.zeros((9, 9), np.uint8)), ('two', np.uint16([[1] * 4 + [2000] * 5] * 9)),
                            ('one', np.full((9, 9), 7, np.uint16))):
            (tmp_path / name).mkdir()
            Image.fromarray(label).save(tmp_path / name / 'a.png')
        generator = dict(SPADE['generator'], label_channels=2)
        return tmp_path, _saved(tmp_path, dict(SPADE, generator=generator, instance_edges=True))

    def test_maps_of_the_same_names_are_read_with_the_labels(self, files):
        root, model = files
        edges = []
        for name in ('one', 'two'):
            inferencer = MoNCEInferencer(*model, instance_dir=root / name)
            inferencer.model.generator.register_forward_pre_hook(lambda _, inputs: edges.append(inputs[0][0, 1].sum()))
            result, = inferencer(root / 'label', out_dir=root / 'out' / name, progress=False)
            assert result['image'].shape == (3, 32, 32)
            assert not _read(root / 'out' / name / 'input_label' / 'a.png').any()
        assert edges == [0, 2 * 32]

    def test_cityscapes_names_are_known(self, files):
        root, model = files
        (root / 'label' / 'a.png').rename(root / 'label' / 'x_labelIds.png')
        (root / 'two' / 'a.png').rename(root / 'label' / 'x_instanceIds.png')
        inferencer = MoNCEInferencer(*model, instance_dir=root / 'label')
        assert inferencer.chosen.read(root / 'label' / 'x_labelIds.png', None, None)[1].max() == 2000

    def test_what_is_missing_or_does_not_fit_is_named(self, files):
        root, model = files
        with pytest.raises(ConfigError, match=r'own\.py: its model reads the edges of instances\. Give --instance-dir'):
            MoNCEInferencer(*model)
        inferencer = MoNCEInferencer(*model, instance_dir=root / 'one')
        Image.new('I;16', (5, 9)).save(root / 'one' / 'a.png')
        with pytest.raises(DataError, match=r'one/a\.png: has 5x9 pixels, its label map .*label/a\.png 9x9'):
            inferencer(root / 'label', progress=False)
        (root / 'one' / 'a.png').unlink()
        with pytest.raises(DataError, match=r'one/a\.png: the instance map is missing'):
            inferencer(root / 'label', progress=False)

    @pytest.mark.parametrize(('model', 'message'), [
        (CUT, 'is for models of label maps, .* has CUT'), (SPADE, 'reads no instance maps')])
    def test_models_that_have_no_use_for_them_refuse_the_folder(self, tmp_path, model, message):
        with pytest.raises(ConfigError, match=f'--instance-dir objects: .*{message}'):
            MoNCEInferencer(*_saved(tmp_path, model), instance_dir='objects')


@pytest.mark.parametrize(('model', 'shape'), [(CUT, (3, 17, 22)), (SPADE, (3, 32, 32))])
def test_the_papers_models_make_pictures_of_files(tmp_path, model, shape):
    if shape[1] == 17:
        _photo(tmp_path / 'a.png', 22, 17)
    else:
        Image.fromarray(np.random.RandomState(0).randint(3, size=(9, 9), dtype=np.uint8)).save(tmp_path / 'a.png')
    inferencer = MoNCEInferencer(*_saved(tmp_path, model))
    result = inferencer(tmp_path / 'a.png', out_dir=tmp_path / 'out', progress=False)[0]
    assert result['image'].shape == shape
    assert result['path'].is_file()


def test_label_maps_shrink_as_pil_does_it():
    label = np.random.RandomState(0).randint(200, size=(37, 53), dtype=np.uint8)
    small = resize_label(torch.from_numpy(label.astype(np.int64))[None], (16, 24))
    assert np.array_equal(small[0], np.asarray(Image.fromarray(label).resize((24, 16), Image.Resampling.NEAREST)))


def test_label_files_that_are_none_are_named(painter, tmp_path):
    np.save(tmp_path / 'object.npy', np.array([{}]), allow_pickle=True)
    np.save(tmp_path / 'flat.npy', np.zeros(3))
    np.savez(tmp_path / 'two.npz', a=np.zeros((2, 2)), b=np.zeros((2, 2)))
    _photo(tmp_path / 'rgb.png')
    for name, message in [('object.npy', r'no NumPy file of one array \(no numbers\)'),
                          ('flat.npy', r'of shape \(3,\)'), ('two.npz', 'no NumPy file of one array'),
                          ('rgb.png', 'has colours')]:
        with pytest.raises(DataError, match=f'{name}: .*{message}'):
            painter(tmp_path / name, progress=False)
    _photo(tmp_path / 'photo.jpg')
    with pytest.raises(DataError, match=r'photo\.jpg: is no label map, which ends in \.png, .* unpaired translation'):
        painter(tmp_path / 'photo.jpg', progress=False)
    np.save(tmp_path / 'a.npy', np.zeros((8, 8), int))
    with pytest.raises(ConfigError, match='--size 9: the model makes images of 16x8 pixels only'):
        painter(tmp_path / 'a.npy', size=9, progress=False)
    with pytest.raises(ConfigError, match='--max-side: is for photographs'):
        painter(tmp_path / 'rgb.png', max_side=9, progress=False)


def test_a_config_of_another_paper_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='ssagan_toy.py: its model is SSAGAN; must be CUT or SPADEModel'):
        MoNCEInferencer('configs/ssagan/ssagan_toy.py', tmp_path / 'a.pth')


def test_weights_are_looked_for_under_the_configs_name(tmp_path):
    (tmp_path / 'own.py').write_text("default_scope = 'genzoo'\nmodel = dict(type='TestInverter')\n")
    with pytest.raises(WeightsError, match=r'checkpoints/own\.pth: the file of monce weights is missing'):
        MoNCEInferencer(tmp_path / 'own.py', device='cpu')


def test_the_command_line_offers_the_options_of_both():
    names = set(inspect.signature(MoNCEInferencer.stream).parameters)
    assert {'input', 'out_dir', 'size', 'max_side', 'side_by_side', 'overwrite'} < names
    assert 'input: files or folders' in MoNCEInferencer.stream.__doc__
