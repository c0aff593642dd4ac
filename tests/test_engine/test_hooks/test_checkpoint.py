import pytest
import torch

from genzoo.engine import SafeRunner, ZooCheckpointHook, last_checkpoint
from genzoo.errors import ConfigError, TrainingError

from ..tiny_gan import resumed, tiny_config, train


def checkpoints(folder) -> set[str]:
    return {path.name for path in folder.glob('*.pth')}


def keep(number: int, **more) -> dict:
    return dict(checkpoint=dict(max_keep_ckpts=number, **more))


def test_only_the_newest_checkpoints_stay(tmp_path):
    train(tiny_config(tmp_path, 6, interval=1, hooks=keep(2)))
    assert checkpoints(tmp_path) == {'iter_5.pth', 'iter_6.pth'}
    assert last_checkpoint(tmp_path).name == 'iter_6.pth'


def test_pruning_goes_on_after_resuming(tmp_path):
    train(tiny_config(tmp_path, 3, interval=1, hooks=keep(2)))
    train(resumed(tiny_config(tmp_path, 5, interval=1, hooks=keep(2))))
    assert checkpoints(tmp_path) == {'iter_4.pth', 'iter_5.pth'}


def test_an_old_checkpoint_goes_only_when_the_new_one_is_whole(tmp_path, monkeypatch):
    save, seen = SafeRunner.save_checkpoint, []

    def watched_save(runner, folder, name, **options):
        seen.append(checkpoints(tmp_path))
        if name == 'iter_4.pth':
            raise TrainingError('disk full')
        save(runner, folder, name, **options)

    monkeypatch.setattr(SafeRunner, 'save_checkpoint', watched_save)
    with pytest.raises(TrainingError):
        train(tiny_config(tmp_path, 5, interval=1, hooks=keep(1)))
    assert seen == [set(), {'iter_1.pth'}, {'iter_2.pth'}, {'iter_3.pth'}]
    assert checkpoints(tmp_path) == {'iter_3.pth'}
    assert last_checkpoint(tmp_path).name == 'iter_3.pth'


def improving(tmp_path, iterations=4):
    cfg = tiny_config(tmp_path, iterations, interval=2, validate=1,
                      hooks=keep(3, save_best='tiny/brightness', rule='less'))
    cfg.val_evaluator.falling = True
    return cfg


def test_best_checkpoint_replaces_the_former_best(tmp_path):
    train(improving(tmp_path))
    assert {name for name in checkpoints(tmp_path) if name.startswith('best')} == {
        'best_tiny_brightness_iter_4.pth'}


def test_former_best_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    save, seen = SafeRunner.save_checkpoint, []

    def watched_save(runner, folder, filename, *args, **options):
        if filename.startswith('best'):
            seen.append({name for name in checkpoints(tmp_path) if name.startswith('best')})
        save(runner, folder, filename, *args, **options)

    monkeypatch.setattr(SafeRunner, 'save_checkpoint', watched_save)
    train(improving(tmp_path, 3))
    assert [len(names) for names in seen] == [0, 1, 1]


def test_best_is_remembered_after_resuming(tmp_path):
    train(improving(tmp_path, 2))
    train(resumed(improving(tmp_path, 3)))  # the metric starts at 100 again, not better than 99
    assert 'best_tiny_brightness_iter_2.pth' in checkpoints(tmp_path)


@pytest.mark.parametrize('save_best', ['tiny/brightness', 'auto'])
def test_best_that_a_killed_process_did_not_record_is_taken_up(tmp_path, save_best):
    def config(iterations):
        cfg = improving(tmp_path, iterations)
        cfg.default_hooks.checkpoint.save_best = save_best
        return cfg

    train(config(2))
    path = tmp_path / 'iter_2.pth'
    content = torch.load(path, weights_only=True)
    known = content['message_hub']['runtime_info']
    for key in ('best_score', 'best_ckpt', 'best_metric'):  # as before the validation of iteration 2
        known.pop(key, None)
    torch.save(content, path)
    runner = train(resumed(config(3)))  # the metric starts at 100 again, not better than 99
    assert {name for name in checkpoints(tmp_path) if name.startswith('best')} == {'best_tiny_brightness_iter_2.pth'}
    hook = next(hook for hook in runner.hooks if isinstance(hook, ZooCheckpointHook))
    assert hook.best_ckpt_path == str(tmp_path / 'best_tiny_brightness_iter_2.pth')


def test_automatic_metric_without_a_known_rule_is_a_config_error(tmp_path):
    cfg = tiny_config(tmp_path, 2, validate=1, hooks=keep(3, save_best='auto'))
    with pytest.raises(ConfigError, match="save_best='auto: tiny/brightness', rule=None: Cannot infer the rule"):
        train(cfg)


def test_unknown_metric_is_named_with_the_nearest(tmp_path):
    cfg = tiny_config(tmp_path, 2, validate=1, hooks=keep(3, save_best='tiny/brightnes', rule='less'))
    with pytest.raises(ConfigError, match="nearest: 'tiny/brightness'"):
        train(cfg)


def test_rule_that_cannot_be_inferred_is_a_config_error():
    assert ZooCheckpointHook(save_best='FID').rules == ['less']
    with pytest.raises(ConfigError, match='quality'):
        ZooCheckpointHook(save_best='quality')


@pytest.mark.parametrize('interval', [0, -2])
def test_intervals_that_mean_nothing_are_refused(interval):
    with pytest.raises(ConfigError, match=f'interval={interval}'):
        ZooCheckpointHook(interval=interval)


@pytest.mark.parametrize(('interval', 'by_epoch'), [(0, True), (-2, True), (5, False)])
def test_intervals_within_epochs_that_mean_nothing_are_refused(interval, by_epoch):
    with pytest.raises(ConfigError, match=f'latest_interval={interval}, by_epoch={by_epoch}'):
        ZooCheckpointHook(by_epoch=by_epoch, latest_interval=interval)


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    leftover = tmp_path / '.iter_9.pth.123.tmp'
    leftover.write_bytes(b'half')
    train(tiny_config(tmp_path, 1))
    assert not leftover.exists()


def test_what_a_killed_process_did_not_remove_goes_when_resuming(tmp_path):
    train(tiny_config(tmp_path, 4, interval=1, hooks=keep(2)))
    for name in ('iter_2.pth', 'iter_1.pth'):  # only the former is what iter_4.pth supersedes
        (tmp_path / name).write_bytes(b'')
    train(resumed(tiny_config(tmp_path, 4, interval=1, hooks=keep(2))))
    assert checkpoints(tmp_path) == {'iter_1.pth', 'iter_3.pth', 'iter_4.pth'}


def test_best_checkpoint_of_another_name_in_a_checkpoint_is_not_removed(tmp_path):
    train(improving(tmp_path / 'run', 2))
    bystander = tmp_path / 'best_thesis.pth'
    bystander.write_bytes(b'mine')
    path = tmp_path / 'run/iter_2.pth'
    content = torch.load(path, weights_only=True)
    content['message_hub']['runtime_info'].update(
        best_ckpt=str(bystander), best_score=1e9, superseded_checkpoints=['../best_thesis.pth', 3])
    torch.save(content, path)
    train(resumed(improving(tmp_path / 'run', 4)))
    assert bystander.exists()


def test_bests_of_several_metrics_do_not_remove_each_other(tmp_path):
    cfg = tiny_config(tmp_path, 4, interval=1, validate=1, hooks=keep(
        1, save_best=['one/brightness', 'two/brightness'], rule=['less', 'greater']))
    cfg.val_evaluator = [dict(type='TinyBrightness', prefix=name, falling=True) for name in ('one', 'two')]
    train(cfg)
    assert checkpoints(tmp_path) == {'iter_4.pth', 'best_one_brightness_iter_4.pth', 'best_two_brightness_iter_1.pth'}
