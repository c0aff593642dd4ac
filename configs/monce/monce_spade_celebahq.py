# CelebAMask-HQ, 19 parts of faces and glasses as released weights need them.
_base_ = [
    '../_base_/datasets/celebamask_hq.py', '../_base_/models/spade_256.py',
    '../_base_/evaluation/image_translation.py'
]

model = dict(
    generator=dict(label_channels=19), discriminator=dict(label_channels=19), loss_contrast=dict(loss_weight=100.0),
    label_mode='multi_hot')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=60)
param_scheduler = [dict(type='LinearLR', begin=30, end=60, start_factor=1.0, end_factor=1 / 30)]
default_hooks = dict(checkpoint=dict(latest_interval=250))  # 5000 images
val_evaluator = {{_base_.test_evaluator}}
