"""Adapters of MoNCE's golden cases."""
import numpy as np
import torch
from golden.monce_data import preprocess_paired, preprocess_unpaired  # noqa: F401

from genzoo.registry import METRICS


def swd_metric(case):
    from genzoo.evaluation import laplacian_pyramid
    h, arrays = case['hyper'], case['input_arrays']
    fakes = arrays['fake']
    factor = fakes.shape[2] // arrays['real_coarse'].shape[2]
    reals = arrays['real_coarse'].repeat(factor, 2).repeat(factor, 3)
    num_levels = len(h['resolutions'])
    pyramid = laplacian_pyramid(torch.from_numpy(fakes).float(), num_levels)
    metric = METRICS.build(dict(
        type='SlicedWassersteinDistance', min_size=h['resolutions'][-1], nhood_size=h['nhood_size'],
        nhoods_per_image=h['nhoods_per_image'], dir_repeats=h['dir_repeats'], dirs_per_repeat=h['dirs_per_repeat'],
        minibatch=h['minibatch'], seed=h['seed']))
    metric.process(None, [dict(key=str(i), fake_img=torch.from_numpy(fake), gt_img=torch.from_numpy(real))
                          for i, (fake, real) in enumerate(zip(fakes, reals))])
    result = metric.evaluate(len(fakes))
    names = [*(f'swd_{side}' for side in h['resolutions']), 'swd']
    return dict({f'laplacian_{level}': values.numpy() for level, values in enumerate(pyramid)},
                swd_x1e3=np.array([result[f'{metric.prefix}/{name}'] for name in names]))
