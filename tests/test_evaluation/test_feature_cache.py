import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from genzoo.evaluation import FID, KID
from genzoo.evaluation.feature_cache import FeatureCache, image_digest, shared_cache
from genzoo.evaluation.shared_features import SharedNetwork

NETWORK = dict(type='TestCountingFeatures')


@pytest.fixture
def warned(monkeypatch):
    lines = []
    monkeypatch.setattr('genzoo.evaluation.feature_cache.print_log', lambda text, *args: lines.append(text))
    return lines


def _evaluate(samples, cache_dir, metrics=(FID,), **network):
    """Results, and how many images the network saw; all objects are new, as in another process."""
    evaluator = Evaluator([dict(type=f'genzoo.{metric.__name__}', network=NETWORK | network, cache_dir=cache_dir)
                           for metric in metrics])
    for start in range(0, len(samples), 3):
        for metric in evaluator.metrics:
            metric.process(None, samples[start:start + 3])
    return evaluator.evaluate(len(samples)), evaluator.metrics[0].network.network.seen


def _files(folder):
    return sorted(folder.rglob('*.npy'))


def test_a_second_evaluation_passes_no_real_image_through_the_network(tmp_path, compared_images):
    samples = compared_images(8, 6)
    first, seen = _evaluate(samples, tmp_path)
    assert seen == 8 + 6
    second, seen = _evaluate(samples, tmp_path)
    assert seen == 8
    assert second == first


def test_metrics_share_what_is_read_and_written(tmp_path, compared_images):
    samples = compared_images(8, 6)
    first, seen = _evaluate(samples, tmp_path, (FID, KID))
    assert seen == 8 + 6
    assert len(_files(tmp_path)) == 1
    second, seen = _evaluate(samples, tmp_path, (KID, FID))
    assert seen == 8
    assert second == first


def test_a_changed_image_is_computed_and_the_others_are_found(tmp_path, compared_images):
    samples = compared_images(6, 6)
    _evaluate(samples, tmp_path)
    samples[2] = dict(samples[2], gt_img=samples[2]['gt_img'].clone().fill_(3))
    changed, seen = _evaluate(samples, tmp_path)
    assert seen == 6 + 1
    assert changed == _evaluate(samples, None)[0]


def test_other_settings_find_nothing(tmp_path, compared_images):
    samples = compared_images(6, 6)
    _evaluate(samples, tmp_path)
    assert _evaluate(samples, tmp_path, name='other')[1] == 12


def test_other_weights_have_another_fingerprint_and_a_an_equal_one_has_not():
    stub = dict(type='StubFeatures')
    first, same = SharedNetwork(stub), SharedNetwork(stub)
    assert first.fingerprint == same.fingerprint
    other = SharedNetwork(stub)
    other.network.fc.weight.data[0, 0] += 1
    assert other.fingerprint != first.fingerprint


def test_without_a_folder_nothing_is_kept(tmp_path, compared_images, monkeypatch):
    monkeypatch.setenv('GENZOO_CACHE_DIR', str(tmp_path))
    _evaluate(compared_images(6, 6), None)
    assert not _files(tmp_path)


def test_by_default_the_environment_says_where(tmp_path, compared_images, monkeypatch):
    monkeypatch.setenv('GENZOO_CACHE_DIR', str(tmp_path / 'here'))
    metric = FID(NETWORK)
    metric.process(None, compared_images(6, 6))
    metric.evaluate(6)
    assert len(_files(tmp_path / 'here')) == 1


@pytest.mark.parametrize('content', [b'', b'\x93NUMPY broken', 'cut', 'objects', 'foreign'])
def test_a_broken_file_is_named_and_replaced(tmp_path, compared_images, warned, content):
    samples = compared_images(6, 6)
    first, _ = _evaluate(samples, tmp_path)
    file, = _files(tmp_path)
    if content == 'objects':
        np.save(file, np.array([dict(a=1)], dtype=object), allow_pickle=True)
    elif content == 'foreign':
        np.save(file, np.zeros((6, 3)))
    else:
        file.write_bytes(file.read_bytes()[:-20] if content == 'cut' else content)
    second, seen = _evaluate(samples, tmp_path)
    assert (second, seen) == (first, 12)
    assert any(file.name in line and 'broken' in line for line in warned)
    assert _evaluate(samples, tmp_path)[1] == 6


def test_a_folder_that_cannot_be_written_costs_no_result(tmp_path, compared_images, warned):
    (tmp_path / 'file').write_text('in the way')
    result, _ = _evaluate(compared_images(6, 6), tmp_path / 'file')
    assert result['FID/num_real'] == 6
    assert 'could not be kept' in warned[0]
    assert 'GENZOO_CACHE_DIR' in warned[0]


def test_known_images_are_not_written_again(tmp_path):
    cache = FeatureCache(tmp_path)
    digests = [image_digest(torch.full((3, 2, 2), value, dtype=torch.uint8)) for value in range(3)]
    cache.add({digest: np.full(4, place) for place, digest in enumerate(digests[:2])})
    cache.add({digest: np.full(4, 9) for digest in digests})
    cache.refresh()
    assert [cache.get(digest).tolist() for digest in digests] == [[0] * 4, [1] * 4, [9] * 4]
    assert sorted(len(np.load(file)) for file in _files(tmp_path)) == [1, 2]


def test_size_belongs_to_an_image():
    wide, high = (torch.zeros(shape, dtype=torch.uint8) for shape in ((3, 2, 4), (3, 4, 2)))
    assert image_digest(wide) != image_digest(high)


def test_one_cache_serves_all_that_ask_for_it(tmp_path):
    cache = shared_cache(tmp_path, 'f' * 64, 'pool3')
    assert shared_cache(str(tmp_path), 'f' * 64, 'pool3') is cache
    assert shared_cache(tmp_path, 'f' * 64, 'fc') is not cache
