import pytest
import torch

from genzoo.errors import WeightsError

from .tiny_gan import resumed, tiny_config, train


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    train(tiny_config(folder, 2))
    return folder / 'iter_2.pth'


@pytest.mark.parametrize(('change', 'message'), [
    (lambda c: c['meta'].update(iter=-1), 'its iter -1 is no count'),
    (lambda c: c['meta'].pop('epoch'), 'its epoch None is no count'),
    (lambda c: c['meta'].update(seed='x'), "its seed 'x' is none"),
    (lambda c: c.update(message_hub=3), 'its message_hub is none'),
    (lambda c: c['message_hub']['log_scalars'].update(a=3), 'the history of a is none'),
    (lambda c: c['message_hub']['runtime_info'].update(best_score='x'), "its best_score 'x' is no number"),
    (lambda c: c['message_hub']['resumed_keys'].update(loop_stage=None), 'the resumed_keys'),
    (lambda c: c.update(optimizer=3), 'its optimisers or schedules do not fit'),
    (lambda c: c['optimizer']['generator']['state'][0].update(exp_avg=torch.ones(2)), 'has not the shape'),
    (lambda c: c.update(param_schedulers=3), 'its optimisers or schedules do not fit')])
def test_part_of_another_form_is_named(whole, tmp_path, change, message):
    content = torch.load(whole, weights_only=True)
    change(content)
    torch.save(content, tmp_path / 'odd.pth')
    with pytest.raises(WeightsError, match=f'odd.pth: .*{message}'):
        train(resumed(tiny_config(tmp_path / 'run', 4), tmp_path / 'odd.pth'))
