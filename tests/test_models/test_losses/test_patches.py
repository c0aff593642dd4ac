import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.models.losses import draw_patch_ids, gather_patches, l2_normalize


def test_positions_are_counted_row_by_row():
    maps = torch.arange(12.).view(1, 1, 3, 4)
    assert gather_patches(maps, torch.tensor([5, 0, 11])).flatten().tolist() == [5, 0, 11]


def test_no_position_is_drawn_twice_and_all_are_at_most():
    assert sorted(draw_patch_ids(9, 100).tolist()) == list(range(9))
    assert len(set(draw_patch_ids(1000, 50).tolist())) == 50


def test_generator_decides_what_is_drawn():
    draws = [draw_patch_ids(100, 10, torch.Generator().manual_seed(3)).tolist() for _ in range(2)]
    assert draws[0] == draws[1]


def test_vectors_get_unit_length_and_zero_stays_zero():
    out = l2_normalize(torch.tensor([[3., 4.], [0., 0.]]))
    torch.testing.assert_close(out, torch.tensor([[.6, .8], [0., 0.]]))


@pytest.mark.parametrize('num_patches', [0, -1, 2.5])
def test_a_number_of_patches_that_is_none_is_refused(num_patches):
    with pytest.raises(ConfigError, match=f'num_patches={num_patches}: must be a whole number, 1 or more'):
        draw_patch_ids(9, num_patches)
