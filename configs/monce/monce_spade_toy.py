# Striped label maps, 32 x 32: the toy of the paired system.
_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/striped_labels_32.py']

model = dict(
    type='SPADEModel',
    generator=dict(type='SPADEGenerator', label_channels=4, base_channels=8, crop_size=32),
    discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=4, base_channels=16),
    loss_gan=dict(type='GANLoss', gan_type='hinge'),
    loss_features=dict(type='DiscriminatorFeatureMatchingLoss', loss_weight=10.0),
    loss_contrast=dict(
        type='MoNCEVGGLoss', preset='released', num_patches=64, ot_weight=128.0, loss_weight=10.0,
        features=dict(type='RandomConvFeatures', channels=(32, 32, 64, 64, 64), strides=(1, 2, 1, 2, 1))))
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4, betas=(0.0, 0.9))),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3, betas=(0.0, 0.9))))

train_cfg = dict(type='IterBasedTrainLoop', max_iters=200, val_interval=50)
# As in the papers' recipe the rates fall in the second half; without that colours swing to the end.
param_scheduler = [dict(type='LinearLR', by_epoch=False, begin=100, end=200, start_factor=1.0, end_factor=0.01)]
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='StripedClasses')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=2), logger=dict(interval=25))
custom_hooks = [dict(type='SampleImagesHook', interval=100, num_samples=8)]
randomness = dict(seed=0)
