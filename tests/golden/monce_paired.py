"""Adapters of the golden cases of MoNCE's paired half."""
import torch

from genzoo.converters import monce_paired as converter
from genzoo.models.monce import encode_labels, instance_edges
from genzoo.registry import MODELS
from genzoo.utils import load_state_dict


def _arrays(case):
    return {name: torch.from_numpy(value) for name, value in case['input_arrays'].items()}


def _repeated(coarse, rows, columns):
    return coarse.repeat_interleave(rows, 2).repeat_interleave(columns, 3)


def _filled(case, part, cfg):
    module = MODELS.build(cfg)
    state = {key: torch.from_numpy(value) for key, value in case['state_dict'].items()}
    load_state_dict(module, converter.to_genzoo(part, state), case['case'])
    return module.eval()


def _generator(case):
    h = case['hyper']
    return _filled(case, 'generator', dict(
        type='SPADEGenerator', label_channels=h['semantic_nc'], base_channels=h['ngf'], crop_size=h['crop_size'],
        aspect_ratio=h['aspect_ratio'], num_upsampling_layers=h['num_upsampling_layers'],
        use_vae=h.get('use_vae', False)))


def spade_generator_ade20k(case):
    net, stages = _generator(case), {}
    for name, block in dict(head_0=net.head_0, up_0=net.ups[0], up_3=net.ups[3]).items():
        block.register_forward_hook(lambda module, inputs, output, name=name: stages.update({name: output}))
    labels = _repeated(_arrays(case)['label_coarse'], 8, 8)
    with torch.no_grad():
        return dict(output=net(encode_labels(labels, case['hyper']['semantic_nc'])), **stages)


def spade_generator_celebahq(case):
    arrays = _arrays(case)
    labels = _repeated(torch.cat([arrays['parts_coarse'], arrays['glasses_coarse']], 1), 8, 8)
    segmap = encode_labels(labels, case['hyper']['semantic_nc'], 'multi_hot')
    with torch.no_grad():
        return dict(segmap=segmap, output=_generator(case)(segmap))


def spade_multiscale_discriminator(case):
    h, arrays = case['hyper'], _arrays(case)
    classes = h['label_nc'] + h['contain_dontcare_label']
    net = _filled(case, 'discriminator', dict(
        type='SPADEMultiscaleDiscriminator', label_channels=classes, base_channels=h['ndf'],
        num_layers=h['n_layers_D'], num_scales=h['num_D']))
    labels = encode_labels(_repeated(arrays['label_coarse'], 8, 8), classes)
    with torch.no_grad():
        scales = net(labels, arrays['image'])
    return {f'd{scale}_layer{layer}': maps for scale, stages in enumerate(scales) for layer, maps in enumerate(stages)}


def spade_gan_losses(case):
    h, arrays = case['hyper'], _arrays(case)
    layers = len([name for name in arrays if name.startswith('fake_d0_')])
    fake, real = ([[arrays[f'{kind}_d{scale}_l{layer}'] for layer in range(layers)] for scale in range(h['num_D'])]
                  for kind in ('fake', 'real'))
    gan = MODELS.build(dict(type='GANLoss', gan_type=h['gan_mode']))
    matching = MODELS.build(dict(type='DiscriminatorFeatureMatchingLoss', loss_weight=h['lambda_feat']))
    fake_logits, real_logits = ([scale[-1] for scale in scales] for scales in (fake, real))
    values = dict(hinge_D_fake=gan.fake_side(fake_logits), hinge_D_real=gan.real_side(real_logits),
                  hinge_G=gan(fake_logits), feature_matching_lambda10=matching(fake, real))
    return {name: value.reshape(1) for name, value in values.items()}


def instance_edges_case(case):
    return dict(edges=instance_edges(_repeated(_arrays(case)['inst_coarse'], 3, 2)))
