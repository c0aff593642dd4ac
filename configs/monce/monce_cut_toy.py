# Scenes of shapes in two colourings, 32 x 32: the toy of the unpaired system.
_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/unpaired_scenes_32.py']

model = dict(
    type='CUT',
    generator=dict(type='CUTResnetGenerator', base_channels=16, num_blocks=4),
    discriminator=dict(type='CUTPatchDiscriminator', base_channels=16, num_layers=2),
    patch_sampler=dict(type='PatchSampler', nc=64),
    loss_gan=dict(type='GANLoss', gan_type='lsgan'),
    loss_contrast=dict(type='MoNCELoss', num_patches=64, tau=0.07, eps=0.1, weighting='hard', loss_weight=1.0),
    nce_layers=(0, 4, 8, 12),
    num_patches=64,
    nce_idt=True,
    example_size=32)
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4, betas=(0.5, 0.999))),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.999))),
    patch_sampler=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=5e-4, betas=(0.5, 0.999))))

train_cfg = dict(type='IterBasedTrainLoop', max_iters=800, val_interval=100)
param_scheduler = [dict(type='LinearLR', by_epoch=False, begin=400, end=800, start_factor=1.0, end_factor=0.01)]
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='TranslatedScenes')]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(interval=400, max_keep_ckpts=2), logger=dict(interval=25))
custom_hooks = [dict(type='SampleImagesHook', interval=400, num_samples=8)]
randomness = dict(seed=0)
