import json

import numpy as np
import pytest
from PIL import Image

from genzoo.errors import ConfigError
from genzoo.evaluation import SaveImages


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
