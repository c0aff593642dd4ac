# CUT with MoNCE at 256 x 256 pixels, and how its networks are trained.
_base_ = ['../default_runtime.py']

model = dict(
    type='CUT',
    generator=dict(type='CUTResnetGenerator', base_channels=64, num_blocks=9),
    discriminator=dict(type='CUTPatchDiscriminator', base_channels=64, num_layers=3),
    patch_sampler=dict(type='PatchSampler', nc=256),
    loss_gan=dict(type='GANLoss', gan_type='lsgan', loss_weight=1.0),
    loss_contrast=dict(type='MoNCELoss', tau=0.07, eps=1.0, weighting='hard', loss_weight=1.0),
    nce_layers=(0, 4, 8, 12, 16),
    num_patches=256,
    nce_idt=True,
    entropy_interval=100)

adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor', generator=adam, discriminator=adam, patch_sampler=adam)

# Epoch 201 trains at 200/201 of the rate, epoch 400 at 1/201.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=400, val_interval=400)
param_scheduler = [dict(type='LinearLR', begin=199, end=400, start_factor=1.0, end_factor=1 / 201)]
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# As released: every tenth epoch stays (400 epochs: 40 files), and of every 5000 images (12 an iteration) the latest.
default_hooks = dict(checkpoint=dict(interval=10, by_epoch=True, max_keep_ckpts=-1, latest_interval=417))
custom_hooks = [
    dict(type='LoadSizeSwitchHook', num_epochs=200),
    dict(type='SampleImagesHook', interval=1000, num_samples=8),
]
