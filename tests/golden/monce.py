"""Adapters of MoNCE's golden cases."""
import importlib.util
import re
from pathlib import Path

import numpy as np
import torch
from golden.monce_data import preprocess_paired, preprocess_unpaired  # noqa: F401

from genzoo.converters import monce as converter
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
    load_state_dict(loss.features, converter.vgg_slices_to_genzoo(state), case['case'])
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


def _part(case, part, cfg, prefix=''):
    """A network with the case's weights, through the converter, strictly."""
    module = MODELS.build(cfg)
    state = {key.removeprefix(prefix): torch.from_numpy(value) for key, value in case['state_dict'].items()
             if key.startswith(prefix)}
    load_state_dict(module, converter.to_genzoo(part, state), case['case'])
    return module


def _generator_cfg(h):
    blocks = h['n_blocks'] if 'n_blocks' in h else int(re.search(r'\d+', h['netG'])[0])
    return dict(type='CUTResnetGenerator', in_channels=h.get('input_nc', 3), out_channels=h.get('output_nc', 3),
                base_channels=h['ngf'], num_blocks=blocks, norm=h.get('norm', 'instance'),
                antialias_down=h.get('antialias_down', True), antialias_up=h.get('antialias_up', True),
                dropout=h.get('dropout', False))


def resnet_generator_9blocks(case):
    h = case['hyper']
    net = _part(case, 'generator', _generator_cfg(h)).eval()
    with torch.no_grad():
        image, features = net(torch.from_numpy(case['input_arrays']['image']), h['nce_layers'])
    return dict(output=image, **{f'feat_{layer}': maps for layer, maps in zip(h['nce_layers'], features)})


def patch_sample_f(case):
    h, arrays = case['hyper'], {name: torch.from_numpy(value) for name, value in case['input_arrays'].items()}
    count = sum(name.startswith('feat_') for name in arrays)
    features, ids = ([arrays[f'{name}_{level}'] for level in range(count)] for name in ('feat', 'ids'))
    sampler = _part(case, 'patch_sampler', dict(type='PatchSampler', nc=h['nc'], use_mlp=h['use_mlp'],
                                                in_channels=[maps.shape[1] for maps in features]))
    plain = MODELS.build(dict(type='PatchSampler', use_mlp=False))
    with torch.no_grad():
        samples, _ = sampler(features, h['num_patches'], ids)
        (bare, ), _ = plain(features[1:2], h['num_patches'], ids[1:2])
    return dict({f'sample_{level}': sample.flatten(0, 1) for level, sample in enumerate(samples)},
                nomlp_sample_1=bare.flatten(0, 1))


def patchgan_discriminator(case):
    h = case['hyper']
    net = _part(case, 'discriminator', dict(
        type='CUTPatchDiscriminator', in_channels=h['input_nc'], base_channels=h['ndf'], num_layers=h['n_layers'],
        norm=h['norm'], antialias=h['antialias'])).eval()
    with torch.no_grad():
        return dict(logits=net(torch.from_numpy(case['input_arrays']['image'])))


def _cut(case):
    """The model with the case's weights, its inputs, and the places of each layer, (2, n)."""
    h = case['hyper']
    arrays = {name: torch.from_numpy(value) for name, value in case['input_arrays'].items()}
    channels = [torch.from_numpy(case['state_dict'][f'F/mlp_{level}.0.weight']).shape[1]
                for level in range(len(h['nce_layers']))]
    width = case['state_dict']['F/mlp_0.0.weight'].shape[0]
    cfgs = dict(generator=_generator_cfg(h), discriminator=dict(type='CUTPatchDiscriminator', base_channels=h['ndf']),
                patch_sampler=dict(type='PatchSampler', nc=width, in_channels=channels))
    model = MODELS.build(dict(
        type='CUT', **cfgs, loss_gan=dict(type='GANLoss', gan_type='lsgan', loss_weight=h['lambda_GAN']),
        loss_contrast=dict(type='MoNCELoss', num_patches=h['num_patches'], tau=h['tau'], eps=h['eps'],
                           weighting=h['cost_type'], neg_weight=h['neg_term_weight'], loss_weight=h['lambda_NCE']),
        nce_layers=h['nce_layers'], num_patches=h['num_patches'], nce_idt=h['nce_idt']))
    for letter, part in (('G', 'generator'), ('D', 'discriminator'), ('F', 'patch_sampler')):
        getattr(model, part).load_state_dict(_part(case, part, cfgs[part], f'{letter}/').state_dict())
    ids = [torch.stack([arrays[f'ids_{domain}_{level}'] for domain in 'AB']) for level in range(len(channels))]
    return model, dict(img_a=arrays['real_A'], img_b=arrays['real_B']), ids


def cut_objective(case):
    model, inputs, ids = _cut(case)
    state = model.begin_iteration(inputs, None)
    judged = model.discriminator_losses(state)
    outputs = dict(grad_norms_D=_gradient_norms(judged['loss_d'], model.discriminator))
    adversarial = model.loss_gan(model.discriminator(state['fake_b']))
    contrast = model.contrast(state, ids)
    total = adversarial + sum(contrast.values())
    outputs |= dict(grad_norms_G=_gradient_norms(total, model.generator),
                    grad_norms_F=_gradient_norms(total, model.patch_sampler))
    values = dict(fake_B=state['fake_b'], idt_B=state['translated'][1:], loss_D_fake=judged['d_fake'],
                  loss_D_real=judged['d_real'], loss_D=judged['loss_d'], loss_G_GAN=adversarial,
                  loss_NCE=2 * contrast['loss_nce'], loss_NCE_Y=2 * contrast['loss_nce_idt'], loss_G=total)
    return outputs | {name: value.detach() for name, value in values.items()}


def _gradient_norms(loss, network):
    gradients = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
    return torch.stack([gradient.norm() for gradient in gradients])


def _sibling(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f'{name}.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_paired = _sibling('monce_paired')
spade_generator_ade20k, spade_generator_celebahq = _paired.spade_generator_ade20k, _paired.spade_generator_celebahq
spade_multiscale_discriminator, spade_gan_losses = _paired.spade_multiscale_discriminator, _paired.spade_gan_losses
instance_edges = _paired.instance_edges_case
