import pytest

from genzoo.apis.benchmark.summary import median_ratio, spread


def test_spread_is_median_quartiles_and_range():
    assert spread([5, 1, 4, 2, 3]) == dict(median=3, lower_quartile=2, upper_quartile=4, minimum=1, maximum=5, count=5)


def test_one_value_has_no_spread():
    assert set(spread([2.0]).values()) == {2.0, 1}


def test_ratio_is_the_median_over_the_pairs_and_not_of_the_medians():
    assert median_ratio([1, 10, 100], [2, 30, 200])['ratio'] == 2


def test_what_slows_both_of_a_pair_does_not_count():
    times = [1.0, 7.0, 1.1, 3.0, 0.9]
    result = median_ratio(times, [1.5 * time for time in times])
    assert result == dict(ratio=pytest.approx(1.5), low=pytest.approx(1.5), high=pytest.approx(1.5), pairs=5)


def test_interval_of_equal_noisy_things_contains_one():
    first, second = [1.0, 1.2, 0.9, 1.1, 1.0, 1.3], [1.1, 1.0, 1.0, 1.0, 1.2, 1.1]
    result = median_ratio(first, second)
    assert result['low'] < 1 < result['high']
    assert result['low'] <= result['ratio'] <= result['high']


def test_interval_narrows_with_the_number_of_pairs():
    def width(pairs):
        result = median_ratio([1.0, 1.1, 0.9] * pairs, [1.0] * 3 * pairs)
        return result['high'] - result['low']

    assert width(40) < width(1)


def test_interval_is_the_same_each_time():
    assert median_ratio([1, 2, 3], [2, 2, 2]) == median_ratio([1, 2, 3], [2, 2, 2])
