import importlib.util
from pathlib import Path

import pytest
import torch

from genzoo.errors import ConfigError
from genzoo.evaluation import __all__ as names
from genzoo.registry import METRICS

ROOT = Path(__file__).parents[2]
METRIC_TYPES = [name for name in names if name in METRICS.module_dict]


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('tools_test', ROOT / 'tools' / 'test.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('name', 'types'), [
    ('kid', ['KID']), ('precision_recall', ['PrecisionRecall']), ('prd', ['PRD']),
    ('density_coverage', ['DensityCoverage']), ('psnr', ['PSNR']), ('ssim', ['SSIM']), ('fid', ['FID']),
    ('swd', ['SlicedWassersteinDistance']), ('is', ['InceptionScore']), ('lpips', ['LPIPSDiversity'])])
def test_natural_names_choose_one_metric(tool, name, types):
    chosen = tool.choose_metrics([dict(type=metric) for metric in METRIC_TYPES], [name])
    assert [metric['type'] for metric in chosen] == types


def test_protocols_are_told_by_prefix(tool):
    metric = METRICS.build(dict(type='SlicedWassersteinDistance', min_size=8, nhood_size=3, prefix='small'))
    image = torch.zeros(3, 8, 8, dtype=torch.uint8)
    assert tool.protocols([metric]) == {}
    metric.process(None, [dict(key='a', fake_img=image, gt_img=image)])
    metric.evaluate(1)
    assert tool.protocols([metric])['small'].startswith('no network, no resize; 1 generated images against 1 real')


TOY = ROOT / 'configs' / 'ssagan' / 'ssagan_toy.py'
WEIGHTS = ROOT / 'checkpoints' / 'ssagan_toy.pth'


@pytest.fixture
def refusal(tool, monkeypatch, capsys, tmp_path):
    """Calls the tool, which must fail before it builds anything; returns its one line."""
    monkeypatch.setattr(tool.RUNNERS, 'build', lambda *_: pytest.fail('something was built'))

    def call(*options):
        monkeypatch.setattr('sys.argv', ['test.py', *map(str, (TOY, WEIGHTS, '--work-dir', tmp_path, *options))])
        with pytest.raises(SystemExit):
            tool.main()
        line, = capsys.readouterr().err.splitlines()
        return line

    return call


@pytest.mark.parametrize(('name', 'options'), [('a.json', ['--out', '{}/a.json']), ('metrics_ssagan_toy.json', [])])
def test_results_are_not_overwritten_unasked(refusal, tool, tmp_path, name, options):
    (tmp_path / name).write_text('')
    assert refusal(*[option.format(tmp_path) for option in options]) == (
        f'error: {tmp_path}/{name}: exists already. Choose another name or give --overwrite.')


def test_results_are_overwritten_if_asked(tool, tmp_path, monkeypatch):
    out = tmp_path / 'a.json'
    out.write_text('')
    monkeypatch.setattr('sys.argv', ['test.py', str(TOY), str(WEIGHTS), '--out', str(out), '--overwrite', '--work-dir',
                                     str(tmp_path)])
    args = tool.parse_args()
    assert tool.results_file(args, tool.configure(args)) == out


def test_place_that_cannot_be_written_is_told_at_the_start(refusal, tmp_path):
    assert refusal('--out', tmp_path) == (
        f'error: {tmp_path}: is a folder, but should be a file to write. Give the name of a file.')
    (tmp_path / 'taken').write_text('')
    line = refusal('--work-dir', tmp_path / 'taken')
    assert line.startswith(f'error: {tmp_path}/taken: is a file, but should be a folder')


def test_misspelt_metric_gets_the_nearest_one(tool):
    with pytest.raises(ConfigError, match='--metrics r_precisoin: .* it has FID, RPrecision; nearest: "RPrecision"'):
        tool.choose_metrics([dict(type='FID'), dict(type='RPrecision')], ['r_precisoin'])
