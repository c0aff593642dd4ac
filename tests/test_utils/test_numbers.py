import math

import pytest

from genzoo.errors import ConfigError
from genzoo.utils import require_positive, require_whole


@pytest.mark.parametrize('value', [0, -1, 1.0, True, '2', None])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ConfigError, match=f'net.width={value!r}: must be a whole number, 1 or more'):
        require_whole(value, 'net.width')


def test_the_least_whole_number_is_accepted():
    require_whole(0, 'net.blocks', 0)
    require_whole(7, 'net.width')
    with pytest.raises(ConfigError, match='0 or more'):
        require_whole(-1, 'net.blocks', 0)


@pytest.mark.parametrize('value', [0, -.5, math.inf, math.nan, True, '.07', None])
def test_what_is_no_number_above_0_is_refused(value):
    with pytest.raises(ConfigError, match=f'loss.tau={value!r}: must be a number above 0'):
        require_positive(value, 'loss.tau')
    require_positive(.07, 'loss.tau')
    require_positive(2, 'loss.tau')
