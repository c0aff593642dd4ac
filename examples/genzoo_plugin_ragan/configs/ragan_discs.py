# The relativistic GAN on coloured discs; half a minute on two CPU cores.
default_scope = 'genzoo'
runner_type = 'SafeRunner'
custom_imports = dict(imports=['genzoo_ragan'])

model = dict(
    type='RaGAN',
    generator=dict(type='RaGANGenerator', noise_size=32, channels=16),
    discriminator=dict(type='RaGANDiscriminator', channels=16),
    loss_gan=dict(type='RelativisticGANLoss'),
    ema=dict(generator=dict(type='ExponentialMovingAverage', momentum=0.01, update_buffers=True)))
adam = dict(type='Adam', lr=5e-4, betas=(0.5, 0.999))
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    generator=dict(optimizer=adam),
    discriminator=dict(optimizer=adam))

train_dataloader = dict(
    num_workers=0, global_batch_size=32, sampler=dict(type='EpochShuffleSampler'),
    collate_fn=dict(type='zoo_collate'), dataset=dict(type='DiscsDataset', length=3200))
val_dataloader = dict(
    num_workers=0, batch_size=64, sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='zoo_collate'), dataset=dict(type='DiscsDataset', length=512))
test_dataloader = val_dataloader

train_cfg = dict(type='IterBasedTrainLoop', max_iters=1000, val_interval=250)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='FID', network=dict(type='StubFeatures'))]
test_evaluator = val_evaluator

default_hooks = dict(
    iteration_seed=dict(type='IterationSeedHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    nan_guard=dict(type='NaNGuardHook'),
    checkpoint=dict(type='ZooCheckpointHook', interval=250, max_keep_ckpts=2),
    graceful_stop=dict(type='GracefulStopHook'))
custom_hooks = [dict(type='SampleImagesHook', interval=250, num_samples=16)]
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
randomness = dict(seed=0)
