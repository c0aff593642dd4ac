import numpy as np
import pytest

from genzoo.errors import DataError, WeightsError
from genzoo.evaluation import RPrecision
from genzoo.evaluation.r_precision import draw_foreign, own_caption_first

TEXT = dict(type='TestTextEncoder')
IMAGE = dict(type='TestImageEncoder')


def _metric(num_candidates=20, num_folds=2, text=TEXT, image=IMAGE, **args):
    return RPrecision(text, image, num_candidates=num_candidates, num_folds=num_folds, **args)


def _evaluate(metric, samples):
    metric.process(None, samples)
    return {key.removeprefix('RPrecision/'): value for key, value in metric.evaluate(len(samples)).items()}


def test_perfect_encoders_score_one(make_samples):
    assert _evaluate(_metric(), make_samples(range(40))) == dict(mean=1, std=0, num_fake=40)


def test_blind_encoders_score_chance(make_samples):
    samples = [sample for word in range(30) for sample in make_samples([word] * 40, [f'key{word}'] * 40)]
    result = _evaluate(_metric(4, image=dict(IMAGE, blind=True)), samples)
    assert result['mean'] == pytest.approx(1 / 4, abs=0.05)


def test_encoders_that_tell_nothing_apart_score_chance_not_one(make_samples):
    result = _evaluate(_metric(text=dict(TEXT, constant=True)), make_samples(range(40)))
    assert result['mean'] == pytest.approx(1 / 20)


def test_images_that_show_another_caption_score_zero(make_samples):
    samples = make_samples(range(20))
    images = [sample['fake_img'] for sample in samples]
    for sample, image in zip(samples, images[1:] + images[:1]):
        sample['fake_img'] = image
    assert _evaluate(_metric(20), samples)['mean'] == 0


def test_candidates_are_never_captions_of_the_same_image(make_samples):
    """Images show the other caption of their own key: it would always win if it were a candidate."""
    keys = [f'key{i // 2}' for i in range(40)]
    samples = make_samples(range(40), keys)
    for first, second in zip(samples[::2], samples[1::2]):
        first['fake_img'], second['fake_img'] = second['fake_img'], first['fake_img']
    with pytest.raises(DataError):  # 40 captions, but two are the image's own
        _evaluate(_metric(40), samples)
    metric = _metric(39)
    metric.process(None, samples)
    drawn = []
    draw = metric._draw
    metric._draw = lambda own, size, key, rng: drawn.append((key, draw(own, size, key, rng))) or drawn[-1][1]
    metric.compute_metrics(metric.results)
    captions = sorted({sample['caption'] for sample in samples})
    own = {sample['key']: set() for sample in samples}
    for sample in samples:
        own[sample['key']].add(sample['caption'])
    assert all({captions[i] for i in places} == set(captions) - own[key] for key, places in drawn)


@pytest.mark.parametrize('own', [[], [0], [7], [0, 1, 2], [2, 3, 6]])
def test_captions_of_others_are_all_equally_likely_and_drawn_once(own):
    rng = np.random.default_rng(0)
    draws = np.stack([draw_foreign(own, 8, 4, rng) for _ in range(2000)])
    assert all(len(set(draw)) == 4 for draw in draws[:50].tolist())
    shares = np.bincount(draws.ravel(), minlength=8) / len(draws)
    assert shares[own].sum() == 0
    assert np.delete(shares, own) == pytest.approx(4 / (8 - len(own)), abs=0.05)


def test_drawing_from_many_captions_makes_no_list_of_them():
    assert len(draw_foreign([5], 10 ** 12, 99, np.random.default_rng(0))) == 99


def test_encoder_of_another_vocabulary_is_refused_at_the_first_batch(make_samples):
    metric = _metric(text=dict(TEXT, vocab_size=3))
    metric.dataset_meta = dict(dataset_name='birds', vocabulary=['<end>', 'a', 'bird'])
    metric.process(None, make_samples(range(2)))
    metric.dataset_meta = dict(dataset_name='birds', vocabulary=['<end>', 'a'])
    with pytest.raises(DataError, match="TestTextEncoder.*'birds': its vocabulary has 2 words, .* knows 3"):
        metric.process(None, make_samples(range(2)))


def test_a_caption_that_two_images_share_is_no_rival(make_samples):
    words = [7, 7, *range(20, 40)]
    assert _evaluate(_metric(21), make_samples(words))['mean'] == 1


def test_too_few_captions_are_refused_with_the_greatest_number_possible(make_samples):
    with pytest.raises(DataError, match='only 9 captions.*num_candidates=100.*at most 10'):
        _evaluate(_metric(100), make_samples(range(10)))


def test_fewer_images_than_folds_are_refused(make_samples):
    with pytest.raises(DataError, match='RPrecision num_folds.*at most 10'):
        _evaluate(_metric(5, num_folds=11), make_samples(range(10)))


def test_the_seed_decides_the_draw(make_samples):
    samples = make_samples(range(60))
    blind = dict(IMAGE, blind=True)

    def score(seed):
        metric = _metric(3, num_folds=4, image=blind, seed=seed)
        metric.image_encoder.network.generator.manual_seed(5)
        return _evaluate(metric, samples)

    assert score(1) == score(1)
    assert score(1) != score(2)


def test_ranks_together_count_each_sample_once(make_samples, run_on_ranks):
    samples = make_samples(range(7))
    assert run_on_ranks(lambda: _metric(4), samples, 2) == dict(mean=1, std=0, num_fake=7)


def test_an_encoder_whose_file_is_missing_stops_the_metric_before_any_image():
    with pytest.raises(WeightsError, match='nowhere.pth'):
        RPrecision(dict(type='DAMSMTextEncoder', vocab_size=10, pretrained='nowhere.pth'), IMAGE)


@pytest.mark.parametrize(('others', 'score'), [
    ([0.1, 0.2], 1), ([0.1, 0.9], 0), ([0.5, 0.1], 1 / 2), ([0.5, 0.5], 1 / 3)])
def test_ties_share_the_point(others, score):
    assert own_caption_first(0.5, np.array(others)) == score
