"""Adapters of MoNCE's golden cases."""
import numpy as np
import torch
from golden.monce_data import preprocess_paired, preprocess_unpaired  # noqa: F401

from genzoo.converters.monce import vgg_slices_to_genzoo
from genzoo.models.losses import gather_patches, l2_normalize, optimal_transport_weights, sinkhorn
from genzoo.models.losses.monce_vgg import VGG_LEVELS
from genzoo.registry import METRICS, MODELS
from genzoo.utils import load_state_dict


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


def _features(case, prefix='', count=None):
    """The case's correlated features of two images, (B, N, C) each, the first a leaf."""
    arrays = {name.removeprefix(prefix): torch.from_numpy(value).float() for name, value in case['input_arrays'].items()
              if name.startswith(prefix)}
    q = l2_normalize(arrays['latent_q'] @ arrays['basis'])
    k = l2_normalize((0.6 * arrays['latent_q'] + 0.8 * arrays['latent_k']) @ arrays['basis'])
    return q.requires_grad_(), k


def _loss_and_gradient(cfg, q, k):
    per_query = MODELS.build(dict(cfg, reduction='none'))(q, k)
    gradient, = torch.autograd.grad(per_query.mean(), q)
    return per_query.detach().flatten(), gradient.flatten(0, 1)


def sinkhorn_plan(case):
    h, (q, k) = case['hyper'], _features(case)
    outputs = {}
    with torch.no_grad():
        for weighting in h['cost_type']:
            for eps in h['eps']:
                plan = optimal_transport_weights(q, k, eps, h['max_iter'], weighting, h['diag_fill_before_exp'])
                outputs[f'plan_{weighting}_eps{eps:g}'] = plan
                outputs[f'rowsum_{weighting}_eps{eps:g}'] = plan.sum(-1)
        outputs['sinkhorn_3iter_rectangular'] = sinkhorn((q[:, :48] @ k.mT).exp(), 3)
    return outputs


def _monce_loss(case):
    h, (q, k) = case['hyper'], _features(case)
    outputs = {}
    for name in case['outputs']:
        setting, kind = name.split('/')
        weighting, eps, weight = setting.split('_')
        cfg = dict(type='MoNCELoss', num_patches=h['num_patches'], tau=h['tau'], num_iters=h['max_iter'],
                   weighting=weighting, eps=float(eps[3:]), neg_weight=float(weight[1:]),
                   detach_plan=h['detach_plan_from_query'])
        outputs[name] = _loss_and_gradient(cfg, q, k)[kind == 'grad_q']
    return outputs


monce_loss_p64 = monce_loss_p256 = _monce_loss


def patchnce_loss(case):
    h, (q, k) = case['hyper'], _features(case)
    plain = dict(type='PatchNCELoss', tau=h['tau'])
    weighted = dict(type='MoNCELoss', num_patches=h['num_patches'], tau=h['tau'], weighting='hard', eps=1.0)
    cfgs = dict(same_image=plain, all=dict(plain, all_negatives=True),
                monce_hard_eps1_all=dict(weighted, all_negatives=True))
    outputs = {}
    for name, cfg in cfgs.items():
        outputs[f'{name}/loss'], outputs[f'{name}/grad_q'] = _loss_and_gradient(cfg, q, k)
    return outputs


def _paired_loss(h, **settings):
    return MODELS.build(dict(type='MoNCEVGGLoss', preset='released', features=dict(type='RandomConvFeatures'),
                             eps=h['eps'], **settings))


def monce_paired_loss(case):
    outputs = {}
    for name in case['outputs']:
        setting, kind = name.split('/')
        count, level, weight = setting.split('_')
        q, k = _features(case, f'{count}_')
        contrast = _paired_loss(case['hyper'], ot_weight=float(weight[1:]), num_patches=int(count[1:])).contrasts[
            int(level[5:])]
        per_query = contrast(q, k)
        gradient, = torch.autograd.grad(per_query.mean(), q)
        outputs[name] = per_query.detach().flatten() if kind == 'loss' else gradient.flatten(0, 1)
    return outputs


def vgg_monce_paired(case):
    h = case['hyper']
    arrays = {name: torch.from_numpy(value) for name, value in case['input_arrays'].items()}
    loss = MODELS.build(dict(
        type='MoNCEVGGLoss', preset='released', level_weights=h['level_weights'], num_patches=h['num_patches'],
        ot_weight=h['ot_weight'], eps=h['eps'], loss_weight=h['lambda_vgg'],
        features=dict(type='VGGFeatures', layers=VGG_LEVELS, normalize=False, path='random')))
    state = {key: torch.from_numpy(value) for key, value in case['state_dict'].items()}
    load_state_dict(loss.features, vgg_slices_to_genzoo(state), case['case'])
    real = arrays['real']
    fake = (0.7 * real + 0.3 * arrays['other']).requires_grad_()
    ids = [arrays[f'ids_{level}'] for level in range(len(h['level_weights']))]
    total = loss(fake, real, ids)
    with torch.no_grad():
        levels = loss.level_losses(fake, real, ids)
        sampled = {f'{layer}_sampled_real': l2_normalize(gather_patches(maps, places))[0]
                   for (layer, maps), places in zip(loss.features(real).items(), ids)}
    return dict(sampled, level_means=torch.stack([level.mean() for level in levels]),
                loss_vgg_weighted_50=total.detach(),
                loss_per_query=sum(w * level.flatten() for w, level in zip(h['level_weights'], levels)),
                grad_fake=torch.autograd.grad(total, fake)[0])
