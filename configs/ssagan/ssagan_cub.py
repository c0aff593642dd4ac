# SSA-GAN on CUB-200-2011, the main recipe: text and image encoder frozen.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/datasets/cub_captions_256.py', '../_base_/models/ssagan_256.py'
]

model = dict(
    text_encoder=dict(vocab_size=5450, pretrained='DAMSMencoders/bird/text_encoder200.pth'),
    image_encoder=dict(pretrained='DAMSMencoders/bird/image_encoder200.pth'))

# 600 epochs of 368 iterations; saved every 10 epochs (as released: from epoch 100 on, and all are kept).
train_cfg = dict(type='IterBasedTrainLoop', max_iters=220800, val_interval=18400)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(interval=3680, max_keep_ckpts=3,
                                     save_best='RPrecision/mean', rule='greater'))
custom_hooks = [dict(type='SampleImagesHook', interval=368, num_samples=8)]

r_precision = dict(
    type='RPrecision', num_candidates=100,
    text_encoder=dict(type='DAMSMTextEncoder', vocab_size=5450,
                      pretrained='DAMSMencoders/bird/text_encoder200.pth'),
    image_encoder=dict(type='DAMSMImageEncoder',
                       pretrained='DAMSMencoders/bird/image_encoder200.pth'))
val_evaluator = [r_precision]
test_evaluator = [
    r_precision,
    dict(type='FID', network=dict(type='InceptionV3Features', weights='fid')),
    dict(type='InceptionScore', splits=3, network=dict(type='InceptionV3Features', weights='fid')),
]
