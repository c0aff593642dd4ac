"""Two real processes: mmengine deals, pads and gathers."""
import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.evaluator import Evaluator

STUB = dict(type='StubFeatures', channels=8)
METRICS = [
    dict(type='FID', network=STUB), dict(type='KID', network=STUB, num_subsets=3, max_subset_size=6),
    dict(type='PrecisionRecall', network=STUB, nhood_size=2), dict(type='DensityCoverage', network=STUB, nearest_k=2),
    dict(type='InceptionScore', network=STUB, splits=2), dict(type='SlicedWassersteinDistance', min_size=8,
                                                              nhood_size=3, nhoods_per_image=4)]
OPTIONAL = {'sklearn': [dict(type='PRD', network=STUB, num_clusters=3, num_runs=2)],
            'torchmetrics': [dict(type='PSNR'), dict(type='SSIM')]}


def _samples():
    """Nine images of eight keys."""
    generator = torch.Generator().manual_seed(0)
    fakes, reals = torch.randint(0, 256, (2, 9, 3, 16, 16), dtype=torch.uint8, generator=generator)
    return [dict(key=str(i % 8), fake_img=fakes[i], gt_img=reals[i % 8]) for i in range(9)]


def _result(metrics, mine, folder):
    evaluator = Evaluator([dict(metric, type=f'genzoo.{metric["type"]}', collect_dir=f'{folder}/{metric["type"]}')
                           for metric in metrics])
    for start in range(0, len(mine), 2):
        for metric in evaluator.metrics:
            metric.process(None, mine[start:start + 2])
    return evaluator.evaluate(9)


def _evaluate(rank, folder, metrics):
    dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    from mmengine.dataset import DefaultSampler
    samples = _samples()
    mine = [samples[i] for i in DefaultSampler(samples, shuffle=False)]
    assert len(mine) == 5  # ten in all: one is padded
    first = _result(metrics, mine, folder)
    second = _result(metrics, mine, folder)  # finds its real images in the cache
    if rank == 0:
        (folder / 'result.json').write_text(json.dumps([first, second]))
    dist.barrier()
    dist.destroy_process_group()


def _available():
    metrics = list(METRICS)
    for module, more in OPTIONAL.items():
        try:
            __import__(module)
        except ModuleNotFoundError:
            continue
        metrics += more
    return metrics


@pytest.mark.skipif(torch.cuda.is_initialized(), reason='processes are forked')
def test_two_processes_give_the_numbers_of_one(tmp_path, monkeypatch):
    metrics = _available()
    alone = _result(metrics, _samples(), tmp_path)
    monkeypatch.setenv('GENZOO_CACHE_DIR', str(tmp_path / 'cache'))
    mp.start_processes(_evaluate, args=(tmp_path, metrics), nprocs=2, start_method='fork')
    for result in json.loads((tmp_path / 'result.json').read_text()):
        assert result == pytest.approx(alone, rel=1e-4, abs=1e-6)
        assert (result['FID/num_fake'], result['FID/num_real']) == (9, 8)
        assert len([name for name in result if name.endswith('num_fake')]) == len(metrics)
    assert len(list((tmp_path / 'cache').rglob('*.npy'))) == 1
