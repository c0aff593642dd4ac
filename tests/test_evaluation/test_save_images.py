import json

import numpy as np
import pytest
import torch
from PIL import Image

from genzoo.errors import ConfigError, DataError
from genzoo.evaluation import SaveImages, SaveTranslations


def _evaluate(metric, samples):
    metric.process(None, samples)
    return metric.compute_metrics(metric.results)


def test_files_are_named_by_image_caption_and_sample(make_samples, tmp_path):
    samples = make_samples([5, 6, 7], ['002.Laysan/Bird_1', '002.Laysan/Bird_1', 'x'])
    samples[1]['sample_index'] = 1
    samples[2]['caption_index'] = 4
    assert _evaluate(SaveImages(tmp_path / 'out'), samples) == dict(num_images=3)
    entries = json.loads((tmp_path / 'out' / 'captions.json').read_text())
    assert [entry['file'] for entry in entries] == [
        '002.Laysan_Bird_1_c0_0.png', '002.Laysan_Bird_1_c0_1.png', 'x_c4_0.png']
    assert entries[2] == dict(file='x_c4_0.png', key='x', caption='word7', caption_index=4, sample_index=0)
    for entry, sample in zip(entries, samples):
        picture = np.asarray(Image.open(tmp_path / 'out' / entry['file']))
        assert (picture == sample['fake_img'].permute(1, 2, 0).numpy()).all()


def test_a_folder_that_holds_something_is_refused_unless_told(make_samples, tmp_path):
    (tmp_path / 'old.png').write_bytes(b'')
    with pytest.raises(ConfigError, match=r'old\.png: exists already\. .*overwrite=True'):
        SaveImages(tmp_path)
    assert _evaluate(SaveImages(tmp_path, overwrite=True), make_samples([1])) == dict(num_images=1)


def test_ranks_together_list_each_image_once(make_samples, run_on_ranks, tmp_path):
    samples = make_samples(range(5))
    metrics = [SaveImages(tmp_path) for _ in range(2)]  # all are built before one writes
    assert run_on_ranks(metrics.pop, samples, 2) == dict(num_images=5)
    assert len(list(tmp_path.glob('*.png'))) == 5


def _translation(key, value, **fields):
    return dict(key=key, fake_img=torch.full((3, 2, 4), value, dtype=torch.uint8),
                gt_img=torch.full((3, 2, 4), value + 1, dtype=torch.uint8), **fields)


def _read(path):
    return np.asarray(Image.open(path))


def test_translations_lie_beside_the_real_images_under_their_own_names(tmp_path):
    samples = [_translation('n1', 10, gt_key='z/1'), _translation('n2', 20, gt_key='z2'),
               _translation('n1', 10, gt_key='z3')]
    folders = dict(fake_img='fake_B', gt_img='real_B')
    assert _evaluate(SaveTranslations(tmp_path, folders), samples) == dict(num_images=2)
    names = {folder: sorted(str(path.relative_to(tmp_path / folder)) for path in (tmp_path / folder).rglob('*.png'))
             for folder in folders.values()}
    assert names == dict(fake_B=['n1.png', 'n2.png'], real_B=['z/1.png', 'z2.png', 'z3.png'])
    assert (_read(tmp_path / 'fake_B' / 'n2.png') == 20).all()
    assert (_read(tmp_path / 'real_B' / 'z' / '1.png') == 11).all()


def test_label_maps_are_written_in_colours_and_dense_ones_by_their_greatest_channel(tmp_path):
    label = torch.tensor([[[0, 1, 2, 3], [4, 5, 6, 7]]])
    dense = torch.nn.functional.one_hot(label[0], 8).permute(2, 0, 1) * 0.5
    samples = [_translation('a', 1, label=label), _translation('b', 1, label=dense)]
    _evaluate(SaveTranslations(tmp_path, dict(label='input_label')), samples)
    picture = _read(tmp_path / 'input_label' / 'a.png')
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 8
    assert np.array_equal(picture, _read(tmp_path / 'input_label' / 'b.png'))


def test_a_kind_of_image_that_the_model_does_not_give_is_named(tmp_path):
    with pytest.raises(DataError, match="'a': it has no label. Take it out of folders"):
        SaveTranslations(tmp_path, dict(label='input_label')).process(None, [_translation('a', 1)])


def test_images_of_folders_and_of_names_like_theirs_do_not_replace_each_other(tmp_path):
    metric = SaveTranslations(tmp_path, dict(fake_img='fake_B'))
    assert _evaluate(metric, [_translation('a/b', 1), _translation('a_b', 2)]) == dict(num_images=2)
    assert [_read(tmp_path / 'fake_B' / name).max() for name in ('a/b.png', 'a_b.png')] == [1, 2]


def test_images_without_captions_are_for_the_other_metric(tmp_path):
    with pytest.raises(DataError, match="'a': it has no caption. SaveTranslations writes images without captions"):
        SaveImages(tmp_path / 'out').process(None, [_translation('a', 1)])
    assert not (tmp_path / 'out').exists()
