# SPADE with MoNCE at 256 x 256 pixels, and how its networks are trained; label_channels is the data set's.
_base_ = ['../default_runtime.py']

model = dict(
    type='SPADEModel',
    generator=dict(type='SPADEGenerator', base_channels=64, crop_size=256),
    discriminator=dict(type='SPADEMultiscaleDiscriminator', base_channels=64, num_layers=4, num_scales=2),
    loss_gan=dict(type='GANLoss', gan_type='hinge'),
    loss_features=dict(type='DiscriminatorFeatureMatchingLoss', loss_weight=10.0),
    loss_contrast=dict(
        type='MoNCEVGGLoss', preset='released', num_patches=256, ot_weight=128.0, eps=1.0,
        level_weights=(0.03125, 0.0625, 0.125, 0.25, 1.0), loss_weight=10.0,
        features=dict(
            type='VGGFeatures', layers=('relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'), normalize=False)))

# Two time scales: half and twice 2e-4.
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.0, 0.9))),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=4e-4, betas=(0.0, 0.9))))
sync_bn = 'torch'  # on several GPUs batch norms see the whole batch

val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# As released: every tenth epoch stays (200 epochs: 20 files), and of every 5000 images (12 an iteration) the latest.
default_hooks = dict(checkpoint=dict(interval=10, by_epoch=True, max_keep_ckpts=-1, latest_interval=417))
custom_hooks = [dict(type='SampleImagesHook', interval=1000, num_samples=8)]
