"""Adapters of SSA-GAN's golden cases."""
import numpy as np
import torch
from PIL import Image

from genzoo.converters import ssagan as converter
from genzoo.registry import MODELS, TRANSFORMS
from genzoo.utils import load_state_dict


def _tensors(arrays):
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def _filled(case, part, cfg):
    """The component of ``cfg`` with the case's weights, through the converter, strictly."""
    module = MODELS.build(cfg)
    load_state_dict(module, converter.to_genzoo(part, _tensors(case['state_dict'])), case['case'])
    return module.eval()


def _leaves(case, *names):
    inputs = _tensors(case['input_arrays'])
    return inputs, [inputs[name].requires_grad_() for name in names]


def text_encoder_birds(case):
    h = case['hyper']
    net = _filled(case, 'text_encoder', dict(
        type='DAMSMTextEncoder', vocab_size=h['ntoken'], embed_dim=h['ninput'], out_channels=h['nhidden'],
        rnn_type=h['rnn_type'], drop_prob=h['drop_prob'], num_layers=h['nlayers']))
    inputs = _tensors(case['input_arrays'])
    with torch.no_grad():
        words, sentence = net(inputs['captions'], inputs['cap_lens'])
        words_short, sentence_short = net(inputs['captions_short'], inputs['cap_lens_short'])
    return dict(words_embs=words, sent_emb=sentence, words_embs_short=words_short, sent_emb_short=sentence_short)


def _image_encoder(case, channels):
    return _filled(case, 'image_encoder', dict(type='DAMSMImageEncoder', out_channels=channels))


def image_encoder(case):
    with torch.no_grad():
        regions, code = _image_encoder(case, case['hyper']['nef'])(_tensors(case['input_arrays'])['image'])
    return dict(region_features=regions, cnn_code=code)


def _generator(case):
    h = case['hyper']
    net = _filled(case, 'generator', dict(
        type='SSACNGenerator', base_channels=h['nf'], noise_size=h['nz'], cond_channels=h['cond_dim'],
        resolution=h['resolution']))
    inputs = _tensors(case['input_arrays'])
    with torch.no_grad():
        output = net(inputs['noise'], inputs['sent_emb'])
    return dict(image=output['fake_img'], **{f'mask_{mask.shape[-1]}': mask for mask in output['masks']})


generator_nf32 = generator_nf64 = _generator


def _relative(state, prefix):
    """Keys of a case that are relative to ``prefix``, made absolute and converted."""
    full = converter.to_genzoo('generator', {f'{prefix}{key}': value for key, value in _tensors(state).items()})
    return full


def ssa_block(case):
    h = case['hyper']
    block = MODELS.build(dict(type='SSACNBlock', in_channels=h['in_channels'], out_channels=h['out_channels'],
                              cond_channels=h['cond_dim'], mask_channels=h['mask_hidden']))
    load_state_dict(block, _relative(case['state_dict'], ''), case['case'])
    inputs = _tensors(case['input_arrays'])
    with torch.no_grad():
        out, logits = block.eval()(inputs['x'], inputs['sent_emb'], inputs['mask'])
    return dict(out=out, next_mask_logits=logits)


def sscbn(case):
    h = case['hyper']
    norm = MODELS.build(dict(
        type='SemanticSpatialCondBN', num_features=h['num_features'], cond_channels=h['cond_dim'],
        norm_cfg=dict(type='BN', eps=h['eps'], momentum=h['momentum'])))
    load_state_dict(norm, _relative(case['state_dict'], ''), case['case'])
    inputs = _tensors(case['input_arrays'])
    with torch.no_grad():
        out_eval = norm.eval()(inputs['x'], inputs['sent_emb'], inputs['mask'])
        out_train = norm.train()(inputs['x'], inputs['sent_emb'], inputs['mask'])
    return dict(out_eval=out_eval, out_train=out_train, running_mean_after=norm.bn.running_mean,
                running_var_after=norm.bn.running_var)


def _discriminator_net(case):
    h = case['hyper']
    return _filled(case, 'discriminator', dict(
        type='OneWayDiscriminator', base_channels=h['nf'], cond_channels=h['cond_dim'],
        resolution=h.get('resolution', 256)))


def _discriminator(case):
    net, inputs = _discriminator_net(case), _tensors(case['input_arrays'])
    with torch.no_grad():
        features = net(inputs['image'])
        return dict(features=features, logits=net.logits(features, inputs['sent_emb']))


discriminator_nf32 = discriminator_nf64 = _discriminator


def ma_gp(case):
    h = case['hyper']
    net = _discriminator_net(case)
    penalty = MODELS.build(dict(type='MatchingAwareGradientPenalty', p=h['p'], k=h['k']))
    inputs, (image, sentence) = _leaves(case, 'image', 'sent_emb')
    logits = net.logits(net(image), sentence)
    parts = [g.flatten(1).norm(dim=1) for g in
             torch.autograd.grad(logits.sum(), (image, sentence), retain_graph=True)]
    loss = penalty(logits, image, sentence)
    loss.backward()
    out = dict(logits=logits.detach(), image_grad_norm=parts[0], sent_grad_norm=parts[1],
               grad_norm=torch.stack(parts).norm(dim=0), penalty=loss.detach() / h['k'], loss=loss.detach())
    gradients = converter.from_genzoo('discriminator', {
        name: p.grad for name, p in net.named_parameters() if p.grad is not None})
    for name in case['outputs']:
        if name.startswith('d_loss/d '):
            key, _, stride = name.removeprefix('d_loss/d ').partition('[::')
            gradient = gradients[key]
            out[name] = gradient.flatten()[::int(stride[:-1])] if stride else gradient
    return out


def hinge_losses(case):
    loss = MODELS.build(dict(type='HingeMatchingGANLoss'))
    names = ('logits_real', 'logits_mismatch', 'logits_fake', 'logits_fake_for_g')
    _, (real, mismatch, fake, for_g) = _leaves(case, *names)
    parts = loss.discriminator(real, mismatch, fake)
    total = sum(parts.values())
    total.backward()
    generator = loss(for_g)
    generator.backward()
    return {name: value.detach() for name, value in dict(
        err_d_real=parts['loss_d_real'], err_d_mismatch=2 * parts['loss_d_mismatching'],
        err_d_fake=2 * parts['loss_d_fake'], err_d=total, grad_real=real.grad, grad_mismatch=mismatch.grad,
        grad_fake=fake.grad, err_g=generator, grad_g=for_g.grad).items()}


def damsm_attention(case):
    from genzoo.models.losses import attend_to_regions
    inputs = _tensors(case['input_arrays'])
    regions = inputs['context'].flatten(2)
    attention = attend_to_regions(regions.transpose(1, 2) @ inputs['query'], case['hyper']['gamma1'])
    return dict(weighted_context=regions @ attention,
                attention=attention.transpose(1, 2).unflatten(2, inputs['context'].shape[2:]))


def damsm_words_loss(case):
    from genzoo.models.losses import attend_to_regions
    h = case['hyper']
    loss = MODELS.build(dict(type='DAMSMWordsLoss', gamma1=h['gamma1'], gamma2=h['gamma2'], gamma3=h['gamma3']))
    out = {}
    for suffix, masked in (('', True), ('_nomask', False)):
        inputs, (regions, words) = _leaves(case, 'img_features', 'words_emb')
        loss0, loss1 = loss(regions, words, inputs['cap_lens'], inputs['class_ids'] if masked else None)
        (loss0 + loss1).backward()
        out |= {f'loss0{suffix}': loss0.detach(), f'loss1{suffix}': loss1.detach(),
                f'grad_img_features{suffix}': regions.grad, f'grad_words_emb{suffix}': words.grad}
    for i in (0, 4):
        length = int(inputs['cap_lens'][i])
        scores = regions[i].detach().flatten(1).T @ words[i, :, :length].detach()
        attention = attend_to_regions(scores, h['gamma1'])
        out[f'attention_caption{i}'] = attention.T.unflatten(1, regions.shape[2:])[None]
    return out


def damsm_sent_loss(case):
    loss = MODELS.build(dict(type='DAMSMSentenceLoss', gamma3=case['hyper']['gamma3']))
    out = {}
    for suffix, masked in (('', True), ('_nomask', False)):
        inputs, (code, sentence) = _leaves(case, 'cnn_code', 'sent_emb')
        loss0, loss1 = loss(code, sentence, inputs['class_ids'] if masked else None)
        (loss0 + loss1).backward()
        out |= {f'loss0{suffix}': loss0.detach(), f'loss1{suffix}': loss1.detach(),
                f'grad_cnn_code{suffix}': code.grad, f'grad_sent_emb{suffix}': sentence.grad}
    return out


def damsm_generator_loss(case):
    h = case['hyper']
    net = _image_encoder(case, 256)
    inputs, (fake,) = _leaves(case, 'fake')
    regions, code = net(fake)
    losses = {}
    for name, weight in (('damsm_loss', h['lambda_']), ('weighted', h['lambda_'] * h['weight'])):
        damsm = MODELS.build(dict(type='DAMSMLoss', gamma1=h['gamma1'], gamma2=h['gamma2'], gamma3=h['gamma3'],
                                  loss_weight=weight))
        losses[name] = sum(damsm(regions, code, inputs['words_embs'], inputs['sent_emb'], inputs['cap_lens'],
                                 inputs['class_ids']).values())
    losses['weighted'].backward()
    return dict(damsm_loss=losses['damsm_loss'].detach(), weighted=losses['weighted'].detach(),
                grad_fake_x1e4=fake.grad * 1e4)


class _Fixed:
    """Stands in for a sample's random generator and answers with the case's choices."""

    def __init__(self, top, left, flip):
        self.integers = [left, top]
        self.flip = flip

    def randint(self, *_, **__):
        return self.integers.pop(0)

    def rand(self):
        return 0.0 if self.flip else 1.0

    random_sample = uniform = rand


def image_pipeline(case):
    h, arrays, out = case['hyper'], case['input_arrays'], {}
    for name in ('cub', 'coco'):
        blocks = arrays[f'blocks_{name}'].astype(np.uint8)
        results = dict(img=Image.fromarray(blocks.repeat(6, 0).repeat(6, 1)), img_path=name,
                       rng=_Fixed(*arrays[f'crop_{name}'].tolist()))
        if name == 'cub':
            results = TRANSFORMS.build(dict(type='BBoxCrop'))(results | dict(bbox=arrays['bbox_cub'].tolist()))
        out[f'size_after_bbox_crop_{name}'] = np.array(results['img'].size)
        results = TRANSFORMS.build(dict(type='ResizeShortSide', size=h['resize']))(results)
        out[f'size_after_resize_{name}'] = np.array(results['img'].size)
        results = TRANSFORMS.build(dict(type='RandomCrop', size=h['imsize']))(results)
        results = TRANSFORMS.build(dict(type='RandomFlip', prob=0.5))(results)
        pixels = torch.from_numpy(np.array(results['img'])).permute(2, 0, 1)[None]
        preprocessor = MODELS.build(dict(type='ZooDataPreprocessor'))
        out[f'image_{name}'] = preprocessor(dict(inputs=dict(img=pixels)))['inputs']['img'][0]
    return out


def caption_padding(case):
    from genzoo.datasets.transforms import pad_or_subsample
    out = {}
    for name, ids in case['input_arrays'].items():
        padded, length = pad_or_subsample(ids, case['hyper']['words_num'], np.random.RandomState(7))
        out |= {f'ids_{name}': padded, f'len_{name}': np.array(length)}
    return out


def inception_score(case):
    from genzoo.evaluation import inception_score as score
    logits = case['input_arrays']['logits']
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    out = {}
    for splits in case['hyper']['splits']:
        mean, std = score(exponentials / exponentials.sum(1, keepdims=True), splits)
        out |= {f'is_mean_{splits}_splits': mean, f'is_std_{splits}_splits': std}
    return out
