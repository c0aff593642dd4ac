import importlib.util
from pathlib import Path

import pytest
import torch

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
