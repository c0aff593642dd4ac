import errno
import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from genzoo.engine import last_checkpoint
from genzoo.errors import TrainingError, WeightsError
from genzoo.utils import open_checkpoint

from .tiny_gan import TinyVectors, assert_same_state, build, resumed, tiny_config, train, weights


@pytest.mark.parametrize('num_workers', [0, 2])
def test_resume_is_bit_exact(tmp_path, num_workers):
    settings = dict(interval=5, num_workers=num_workers, local_noise=True)
    train(tiny_config(tmp_path / 'whole', 10, **settings))
    train(tiny_config(tmp_path / 'parts', 5, **settings))
    train(resumed(tiny_config(tmp_path / 'parts', 10, **settings)))
    assert_same_state(tmp_path / 'whole/iter_10.pth', tmp_path / 'parts/iter_10.pth')


def test_validation_and_samples_do_not_change_training(tmp_path):
    train(tiny_config(tmp_path / 'plain', 4, local_noise=True))
    cfg = tiny_config(tmp_path / 'watched', 4, local_noise=True, validate=1)
    cfg.custom_hooks = [dict(type='SampleImagesHook', interval=2, num_samples=2)]
    train(cfg)
    assert_same_state(tmp_path / 'plain/iter_4.pth', tmp_path / 'watched/iter_4.pth')


def test_run_without_seed_resumes_with_the_seed_that_it_drew(tmp_path):
    train(tiny_config(tmp_path / 'parts', 3, seed=None))
    train(resumed(tiny_config(tmp_path / 'parts', 6, seed=None)))
    drawn = torch.load(tmp_path / 'parts/iter_3.pth', weights_only=True)['meta']['seed']
    train(tiny_config(tmp_path / 'whole', 6, seed=drawn))
    assert_same_state(tmp_path / 'whole/iter_6.pth', tmp_path / 'parts/iter_6.pth')


@pytest.mark.parametrize('randomness', [{}, dict(deterministic=False)])
def test_randomness_that_names_no_seed_draws_one(tmp_path, randomness):
    cfg = tiny_config(tmp_path)
    cfg.randomness = randomness
    assert isinstance(build(cfg).seed, int)


def test_resuming_reads_the_checkpoint_once(tmp_path, monkeypatch):
    train(tiny_config(tmp_path, 2))
    opened = []

    def counting(path):
        opened.append(path)
        return open_checkpoint(path)

    monkeypatch.setattr('genzoo.engine.runner.open_checkpoint', counting)
    train(resumed(tiny_config(tmp_path, 4)))
    assert len(opened) == 1


def test_resume_without_any_checkpoint_starts_at_zero(tmp_path):
    assert train(resumed(tiny_config(tmp_path, 2))).iter == 2


def test_checkpoint_opens_without_any_allowed_class(tmp_path):
    train(tiny_config(tmp_path, 3, validate=3))
    content = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    assert content['meta']['iter'] == 3
    assert content['meta']['dataset_meta'] == TinyVectors.metainfo
    assert content['message_hub']['log_scalars']['train/loss_d']['values'].numel() == 3


def test_resumed_logs_go_on_where_they_were(tmp_path):
    train(tiny_config(tmp_path, 3))
    hub = train(resumed(tiny_config(tmp_path, 6))).message_hub
    assert len(hub.get_scalar('train/loss_g').data[0]) == 6


def test_another_learning_rate_on_resuming_is_said_to_be_unused(tmp_path, caplog):
    train(tiny_config(tmp_path, 3, lr=0.01))
    caplog.clear()
    runner = train(resumed(tiny_config(tmp_path, 6, lr=0.02)))
    text = (Path(runner.log_dir) / f'{runner.timestamp}.log').read_text()
    assert 'generator goes on with the learning rate that its run started from, 0.01; the 0.02' in text


def test_resuming_on_the_same_data_warns_of_nothing(tmp_path):
    train(tiny_config(tmp_path, 3))
    runner = train(resumed(tiny_config(tmp_path, 6)))
    log = next((tmp_path / runner.timestamp).glob('*.log')).read_text()
    assert 'data set' not in log
    assert 'metainfo' not in log


def test_resume_finds_the_last_checkpoint_after_the_folder_was_moved(tmp_path):
    train(tiny_config(tmp_path / 'old', 2))
    shutil.move(tmp_path / 'old', tmp_path / 'new')
    assert last_checkpoint(tmp_path / 'new') == tmp_path / 'new/iter_2.pth'


def test_last_checkpoint_that_is_gone_is_named(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('/nowhere/iter_7.pth')
    with pytest.raises(WeightsError, match='iter_7.pth, is gone'):
        build(resumed(tiny_config(tmp_path))).train()


def test_full_disk_leaves_the_former_checkpoint_whole(tmp_path, monkeypatch):
    train(tiny_config(tmp_path, 3))
    before = (tmp_path / 'iter_3.pth').read_bytes()

    def no_space(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', no_space)
    with pytest.raises(TrainingError) as caught:
        train(resumed(tiny_config(tmp_path, 6)))
    message = str(caught.value)
    assert 'iter_6.pth' in message
    assert 'No space left' in message
    assert 'MiB' in message
    assert f'last good checkpoint is {tmp_path / "iter_3.pth"}' in message
    assert '\n' not in message
    assert (tmp_path / 'iter_3.pth').read_bytes() == before
    assert last_checkpoint(tmp_path) == tmp_path / 'iter_3.pth'
    assert [path.name for path in tmp_path.iterdir() if 'pth' in path.name] == ['iter_3.pth']


def test_full_disk_at_the_record_of_the_last_checkpoint_is_one_line(tmp_path, monkeypatch):
    def no_space(first, second):
        if Path(second).name == 'last_checkpoint':
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(first, second)

    rename = os.replace
    monkeypatch.setattr(os, 'replace', no_space)
    with pytest.raises(TrainingError, match='No space left.* MiB; no checkpoint was written yet') as caught:
        train(tiny_config(tmp_path, 3))
    assert '\n' not in str(caught.value)


def test_failing_write_over_a_file_leaves_that_file(tmp_path, monkeypatch):
    runner = train(tiny_config(tmp_path, 2))
    before = (tmp_path / 'iter_2.pth').read_bytes()
    monkeypatch.setattr(os, 'replace', lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, 'I/O error')))
    with pytest.raises(TrainingError, match='iter_2.pth'):
        runner.save_checkpoint(str(tmp_path), 'iter_2.pth', by_epoch=False)
    assert (tmp_path / 'iter_2.pth').read_bytes() == before


@pytest.mark.parametrize('resume', [True, False])
def test_checkpoint_of_another_model_is_refused_and_named(tmp_path, resume):
    train(tiny_config(tmp_path / 'first', 2))
    cfg = tiny_config(tmp_path / 'second', 4, type='TinyOther')
    cfg.load_from, cfg.resume = str(tmp_path / 'first/iter_2.pth'), resume
    with pytest.raises(WeightsError, match=r'first/iter_2.pth: does not fit TinyOther.*another model'):
        train(cfg)


def test_checkpoint_of_other_widths_is_refused(tmp_path):
    train(tiny_config(tmp_path, 2))
    with pytest.raises(WeightsError, match='shapes differ'):
        train(resumed(tiny_config(tmp_path, 4, generator=dict(type='TinyGenerator', channels=6))))


def test_other_optimisers_are_refused_on_resuming(tmp_path):
    train(tiny_config(tmp_path, 2))
    cfg = tiny_config(tmp_path, 4)
    cfg.optim_wrapper = dict(
        constructor='NetworkOptimWrapperConstructor',
        both=dict(modules=['generator', 'discriminator'], optimizer=dict(type='SGD', lr=0.1)))
    with pytest.raises(WeightsError, match='iter_2.pth: its optimisers'):
        train(resumed(cfg))


class _Hostile:
    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize('resume', [True, False])
def test_hostile_checkpoint_is_not_executed(tmp_path, resume):
    hostile = dict(meta={}, state_dict={}, message_hub=_Hostile(tmp_path / 'broken_in'))
    torch.save(hostile, tmp_path / 'bad.pth')
    cfg = tiny_config(tmp_path / 'run')
    cfg.load_from, cfg.resume = str(tmp_path / 'bad.pth'), resume
    with pytest.raises(WeightsError, match='bad.pth'):
        train(cfg)
    assert not (tmp_path / 'broken_in').exists()


def test_hostile_config_in_a_checkpoint_is_not_executed(tmp_path):
    train(tiny_config(tmp_path, 2))
    content = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    content['meta']['config'] = f'import os\nos.mkdir({str(tmp_path / "broken_in")!r})'
    torch.save(content, tmp_path / 'iter_2.pth')
    train(resumed(tiny_config(tmp_path, 4)))
    assert not (tmp_path / 'broken_in').exists()


def test_plain_pickle_is_refused(tmp_path):
    (tmp_path / 'old.pth').write_bytes(pickle.dumps(_Hostile(tmp_path / 'broken_in')))
    cfg = tiny_config(tmp_path / 'run')
    cfg.load_from = str(tmp_path / 'old.pth')
    with pytest.raises(WeightsError, match='old.pth'):
        train(cfg)
    assert not (tmp_path / 'broken_in').exists()


@pytest.mark.parametrize('url', ['https://example.org/a.pth', 'torchvision://resnet50', 's3://bucket/a.pth'])
def test_urls_are_refused(tmp_path, url):
    cfg = tiny_config(tmp_path)
    cfg.load_from = url
    with pytest.raises(WeightsError, match='only files are opened'):
        train(cfg)


def test_weights_alone_cannot_be_resumed_but_started_from(tmp_path):
    train(tiny_config(tmp_path, 2))
    path = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=weights(tmp_path / 'iter_2.pth')), path)
    with pytest.raises(WeightsError, match='lacks meta, message_hub, optimizer.*--load-from'):
        train(resumed(tiny_config(tmp_path), path))
    cfg = tiny_config(tmp_path / 'new', 1)
    cfg.load_from = str(path)
    assert train(cfg).iter == 1


def test_default_hook_can_be_switched_off(tmp_path):
    runner = build(tiny_config(tmp_path, hooks=dict(nan_guard=None)))
    assert 'NaNGuardHook' not in {type(hook).__name__ for hook in runner.hooks}
