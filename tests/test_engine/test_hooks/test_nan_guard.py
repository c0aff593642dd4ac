import pytest
import torch

from genzoo.engine import last_checkpoint
from genzoo.engine.hooks.nan_guard import not_finite
from genzoo.errors import TrainingError

from ..tiny_gan import tiny_config, train


def test_nan_stops_with_the_name_of_the_loss_and_keeps_the_last_checkpoint(tmp_path):
    with pytest.raises(TrainingError, match=r'iteration 4: loss_g is not finite; .*iter_3.pth') as caught:
        train(tiny_config(tmp_path, 6, interval=1, nan_at=4))
    assert '\n' not in str(caught.value)
    assert not (tmp_path / 'iter_4.pth').exists()
    assert last_checkpoint(tmp_path).name == 'iter_3.pth'


def test_nan_weights_after_a_finite_loss_are_not_saved(tmp_path):
    with pytest.raises(TrainingError, match=r'iteration 2: the update made generator.net.0.bias'):
        train(tiny_config(tmp_path, 6, interval=1, nan_weights_at=2))
    assert [path.name for path in tmp_path.glob('*.pth')] == ['iter_1.pth']


def test_nan_before_any_checkpoint_says_so(tmp_path):
    with pytest.raises(TrainingError, match='no checkpoint was written yet'):
        train(tiny_config(tmp_path, 2, nan_at=1))


def test_everything_that_is_not_finite_is_found():
    values = dict(fine=1.0, count=3, infinite=float('inf'), vector=torch.tensor([0.0, torch.nan]),
                  whole=torch.tensor(7), text='nan')
    assert not_finite(values) == ['infinite', 'vector']


def test_device_is_waited_for_once(monkeypatch):
    waits, stack_to_list = [], torch.Tensor.tolist
    monkeypatch.setattr(torch.Tensor, '__bool__', lambda tensor: waits.append('bool') or True)
    monkeypatch.setattr(torch.Tensor, 'tolist', lambda tensor: waits.append('list') or stack_to_list(tensor))
    assert not_finite({f'loss{number}': torch.tensor(1.0) for number in range(5)}) == []
    assert waits == ['list']
