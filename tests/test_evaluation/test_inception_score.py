import numpy as np
import pytest
import torch
from scipy.special import softmax

from genzoo.errors import DataError
from genzoo.evaluation import InceptionScore, inception_score

NETWORK = dict(type='TestCountingFeatures')


def test_uniform_predictions_score_one():
    mean, std = inception_score(np.full((20, 7), 1 / 7), splits=4)
    assert mean == pytest.approx(1)
    assert std == pytest.approx(0, abs=1e-12)


def test_certain_predictions_of_all_classes_score_the_number_of_classes():
    mean, std = inception_score(np.tile(np.eye(5), (4, 1)), splits=4)
    assert mean == pytest.approx(5)
    assert std == pytest.approx(0, abs=1e-12)


def test_certain_predictions_of_one_class_score_one():
    assert inception_score(np.eye(5)[[2] * 6], splits=2)[0] == pytest.approx(1)


def test_splits_are_contiguous_and_uneven_ones_floor():
    """Three rows in two splits: row 0, and rows 1 and 2, which alone hold two classes."""
    mean, std = inception_score(np.eye(2)[[0, 0, 1]], splits=2)
    assert mean == pytest.approx((1 + 2) / 2)
    assert std == pytest.approx(0.5)


def test_more_splits_than_images_are_refused():
    with pytest.raises(DataError, match='3 images cannot be cut into 10 parts'):
        inception_score(np.eye(3), splits=10)


@pytest.fixture
def samples():
    colours = torch.randint(0, 256, (9, 3, 1, 1), dtype=torch.uint8).expand(-1, -1, 2, 2)
    return [dict(key=str(i), fake_img=image) for i, image in enumerate(colours)]


@pytest.mark.parametrize('use_bias', [False, True])
def test_metric_scores_the_networks_logits(samples, use_bias):
    metric = InceptionScore(NETWORK, splits=1, use_bias=use_bias)
    metric.process(None, samples[:4])
    metric.process(None, samples[4:])
    logits = torch.stack([sample['fake_img'] for sample in samples])[:, :, 0, 0].numpy() / 127.5 - 1
    expected = inception_score(softmax(logits + np.arange(3) * use_bias, axis=1), 1)[0]
    result = metric.evaluate(9)
    assert result['InceptionScore/mean'] == pytest.approx(expected, rel=1e-5)
    assert result['InceptionScore/num_fake'] == 9


def test_ranks_together_score_what_one_rank_scores(samples, run_on_ranks):
    one, two = (run_on_ranks(lambda: InceptionScore(NETWORK, splits=3), samples, size) for size in (1, 2))
    assert one == two
    assert one['num_fake'] == 9


def test_splits_of_a_sorted_data_set_are_mixed():
    """Sorted images of two colours: contiguous halves of the data set would each score 1."""
    images = [torch.zeros(3, 2, 2, dtype=torch.uint8) for _ in range(40)]
    for image in images[20:]:
        image[0] = 255
    metric = InceptionScore(NETWORK, splits=2)
    metric.process(None, [dict(key=str(i), fake_img=image) for i, image in enumerate(images)])
    assert metric.evaluate(40)['InceptionScore/mean'] > 1.05


def test_one_line_names_file_bias_and_counts(samples, logged):
    metric = InceptionScore(NETWORK, splits=3)
    metric.process(None, samples)
    metric.evaluate(9)
    assert logged == ['InceptionScore: TestCountingFeatures counting.pth, no resize; logits without bias; '
                      '9 generated images in 3 splits']
