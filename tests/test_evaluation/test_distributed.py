"""Two real processes: mmengine deals, pads and gathers."""
import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def _evaluate(rank, folder):
    dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    from mmengine.dataset import DefaultSampler

    from genzoo.evaluation import FID
    colours = torch.arange(15, dtype=torch.uint8).view(5, 3, 1, 1) ** 2
    samples = [dict(key=str(i % 4), fake_img=colours[i], gt_img=colours[i % 4]) for i in range(5)]
    metric = FID(dict(type='StubFeatures', channels=2), collect_dir=f'{folder}/parts')
    mine = [samples[i] for i in DefaultSampler(samples, shuffle=False)]
    assert len(mine) == 3  # six in all: one is padded
    metric.process(None, mine)
    result = metric.evaluate(len(samples))
    if rank == 0:
        (folder / 'result.json').write_text(json.dumps(result))
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.skipif(torch.cuda.is_initialized(), reason='processes are forked')
def test_two_processes_count_each_sample_once(tmp_path):
    mp.start_processes(_evaluate, args=(tmp_path,), nprocs=2, start_method='fork')
    result = json.loads((tmp_path / 'result.json').read_text())
    assert (result['FID/num_fake'], result['FID/num_real']) == (5, 4)
