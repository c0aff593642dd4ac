# DAMSM on coloured shapes: stage 1 of the toy.
_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/shapes_caption_32.py']

model = dict(
    type='DAMSM',
    text_encoder=dict(type='DAMSMTextEncoder', vocab_size=18, embed_dim=300, out_channels=256, drop_prob=0.5),
    image_encoder=dict(type='DAMSMImageEncoder', out_channels=256, trunk='tiny', input_size=None,
                       frozen_trunk=False),
    loss=dict(type='DAMSMLoss', gamma1=5.0, gamma2=5.0, gamma3=10.0))
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    text_encoder=dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999)),
        clip_grad=dict(max_norm=0.25)),
    image_encoder=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999))))

train_cfg = dict(type='IterBasedTrainLoop', max_iters=300, val_interval=300)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='FieldMean', fields=['loss_words', 'loss_sentence', 'own_caption_rate'])]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(interval=100), logger=dict(interval=25))
randomness = dict(seed=0)
