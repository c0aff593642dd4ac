"""From times to numbers that can be compared."""
from collections.abc import Sequence

import numpy as np

RESAMPLES = 2000


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, quartiles and range of some values, by name, and their ``count``."""
    lowest, lower, median, upper, highest = np.percentile(values, [0, 25, 50, 75, 100]).tolist()
    return dict(median=median, lower_quartile=lower, upper_quartile=upper, minimum=lowest, maximum=highest,
                count=len(values))


def median_ratio(first: Sequence[float], second: Sequence[float], seed: int = 0) -> dict[str, float]:
    """How many times as long the second of two things takes, measured in turns.

    Args:
        first, second: times of the pairs, in their order.
        seed: of the resampling.

    Returns:
        ``ratio``, the median of ``second / first`` over the pairs, and ``low`` and ``high``, the ends of
        its 95 % interval by the percentile bootstrap over the pairs.
    """
    ratios = np.asarray(second) / np.asarray(first)
    drawn = np.random.default_rng(seed).choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5]).tolist()
    return dict(ratio=float(np.median(ratios)), low=low, high=high, pairs=len(ratios))
