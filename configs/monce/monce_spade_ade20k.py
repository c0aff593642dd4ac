# ADE20K, 150 classes and unknown; the released form of the contrast.
_base_ = [
    '../_base_/datasets/ade20k.py', '../_base_/models/spade_256.py',
    '../_base_/evaluation/image_translation.py'
]

model = dict(
    generator=dict(label_channels=151), discriminator=dict(label_channels=151), loss_contrast=dict(loss_weight=50.0))
# Epochs 1 to 101 train at the full rate, epoch 200 at a hundredth.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=200)
param_scheduler = [dict(type='LinearLR', begin=100, end=200, start_factor=1.0, end_factor=0.01)]
val_evaluator = {{_base_.test_evaluator}}
