import json

import pytest
from test_engine.tiny_gan import ROOT, tiny_config

from genzoo.apis import load_config
from genzoo.apis.benchmark import BenchmarkOptions, benchmark, format_report, machine
from genzoo.apis.benchmark.run import time_in_turns
from genzoo.errors import ConfigError, DataError

TOY = ROOT / 'configs/ssagan/ssagan_toy.py'
QUICK = dict(iters=2, warmup=1, device='cpu')


@pytest.fixture(autouse=True)
def _known_machine(monkeypatch):
    monkeypatch.setattr(machine, '_matmul_rate', lambda *_: 1e9)


@pytest.fixture(scope='module')
def toy():
    return load_config(TOY, {'train_dataloader.num_workers': 0, 'train_dataloader.persistent_workers': False})


def test_toy_is_measured_without_data_or_weights(toy, tmp_path):
    toy.model.text_encoder.pretrained = '/nowhere.pth'
    report = benchmark(toy, BenchmarkOptions(**QUICK, batch_size=2, profile=tmp_path))
    assert json.loads(json.dumps(report)) == report
    config, = report['configs']
    assert config['batch_size'] == 2
    for part in ('training', 'inference'):
        measured = config[part]
        assert measured['flops'] > 1e6
        assert measured['items_per_second'] == pytest.approx(2 / measured['seconds']['median'])
        assert measured['share_of_matmul'] == {
            'float32': pytest.approx(measured['flops'] / measured['seconds']['median'] / 1e9)}
        assert 'convolution' in (tmp_path / f'{part}_operators.txt').read_text()
        assert json.loads((tmp_path / f'{part}_trace.json').read_text())['traceEvents']
    assert config['training']['flops'] > 3 * config['inference']['flops']
    assert config['loader']['items_per_second'] > 0
    text = format_report(report)
    for words in ('training ', 'inference ', 'loader ', 'items/s', '% of float32 matmul', 'synthetic data'):
        assert words in text


def test_two_configs_are_measured_in_turns(tmp_path):
    options = BenchmarkOptions(**QUICK, data='config', parts=['training'])
    report = benchmark(tiny_config(tmp_path), options, tiny_config(tmp_path, batch_size=2))
    ratio = report['ratios']['training']
    assert ratio['pairs'] == 2
    assert ratio['low'] <= ratio['ratio'] <= ratio['high']
    assert [config['batch_size'] for config in report['configs']] == [4, 2]
    first, second = (config['training']['flops'] for config in report['configs'])
    assert first == 2 * second
    assert 'times as long as the first (95 % interval' in format_report(report)


def test_order_is_abab():
    calls = []
    times = time_in_turns([lambda: calls.append('a'), lambda: calls.append('b')], 3)
    assert calls == list('ababab')
    assert [len(own) for own in times] == [3, 3]


def test_config_that_trains_nothing_says_so(tmp_path):
    cfg = tiny_config(tmp_path)
    cfg.optim_wrapper = None
    report = benchmark(cfg, BenchmarkOptions(**QUICK, data='config', parts=['training', 'inference']))
    assert report['configs'][0]['training'] == dict(not_measured='the config has no optim_wrapper, it trains nothing')
    assert 'training   not measured: the config has no optim_wrapper' in format_report(report)


def test_too_few_data_for_a_batch_are_a_reason_not_the_end_of_a_measurement():
    cfg = load_config(ROOT / 'configs/monce/monce_spade_toy.py', {'train_dataloader.dataset.length': 4})
    report = benchmark(cfg, BenchmarkOptions(**QUICK, parts=['loader']))
    assert 'the data set has only 4 items' in report['configs'][0]['loader']['not_measured']


def test_missing_data_set_is_a_reason_unless_it_was_asked_for():
    cfg = load_config(ROOT / 'configs/ssagan/damsm_cub.py', {'train_dataloader.dataset.data_root': '/nowhere/birds'})
    report = benchmark(cfg, BenchmarkOptions(**QUICK, parts=['loader']))
    assert report['configs'][0]['loader']['not_measured'].startswith('/nowhere/birds: the data set is missing')
    with pytest.raises(DataError, match='/nowhere/birds'):
        benchmark(cfg, BenchmarkOptions(**QUICK, parts=['loader'], data='config'))


@pytest.mark.parametrize(('options', 'message'), [
    (dict(iters=0), '--iters 0: must be at least 1'), (dict(batch_size=-1), '--batch-size -1: must be at least 1'),
    (dict(threads=0), '--threads 0'), (dict(warmup=0), '--warmup 0'), (dict(data='real'), '--data real'),
    (dict(parts=['trainin']), 'nearest: "training"'), (dict(device='cuda:99'), 'cuda:99'),
    (dict(device='cpu', amp='fp16', data='config', parts=['training']), "precision='fp16' needs a GPU")])
def test_wrong_options_are_named(tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        benchmark(tiny_config(tmp_path), BenchmarkOptions(**options))


def test_profiles_are_not_overwritten_unasked(tmp_path):
    (tmp_path / 'training_trace.json').write_text('old')
    with pytest.raises(ConfigError, match=r'training_trace\.json: exists already'):
        benchmark(tiny_config(tmp_path), BenchmarkOptions(**QUICK, profile=tmp_path))
