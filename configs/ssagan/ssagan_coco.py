# SSA-GAN on COCO 2014, the main recipe: text and image encoder frozen.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/datasets/coco_captions_256.py', '../_base_/models/ssagan_256.py'
]

model = dict(
    text_encoder=dict(vocab_size=27297, pretrained='DAMSMencoders/coco/text_encoder100.pth'),
    image_encoder=dict(pretrained='DAMSMencoders/coco/image_encoder100.pth'))

# 120 epochs of 3449 iterations; saved every 5 epochs.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=413880, val_interval=34490)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(interval=17245, max_keep_ckpts=3, save_best='RPrecision/mean', rule='greater'))
custom_hooks = [dict(type='SampleImagesHook', interval=3449, num_samples=8)]

r_precision = dict(
    type='RPrecision', num_candidates=100,
    text_encoder=dict(type='DAMSMTextEncoder', vocab_size=27297,
                      pretrained='DAMSMencoders/coco/text_encoder100.pth'),
    image_encoder=dict(type='DAMSMImageEncoder',
                       pretrained='DAMSMencoders/coco/image_encoder100.pth'))
val_evaluator = [r_precision]
test_evaluator = [
    r_precision,
    dict(type='FID', network=dict(type='InceptionV3Features', weights='fid')),
    dict(type='InceptionScore', splits=3, network=dict(type='InceptionV3Features', weights='fid')),
]
