# SSA-GAN at 256 pixels, as released; the text encoder and its weights are the data set's.
model = dict(
    type='SSAGAN',
    generator=dict(
        type='SSACNGenerator', base_channels=64, noise_size=100, cond_channels=256, resolution=256,
        mask_channels=100, norm_cfg=dict(type='SyncBN')),
    discriminator=dict(type='OneWayDiscriminator', base_channels=64, cond_channels=256, resolution=256),
    text_encoder=dict(type='DAMSMTextEncoder', embed_dim=300, out_channels=256, rnn_type='LSTM', drop_prob=0.5),
    image_encoder=dict(type='DAMSMImageEncoder', out_channels=256, trunk='inception_v3', input_size=299),
    loss_gan=dict(type='HingeMatchingGANLoss'),
    loss_gp=dict(type='MatchingAwareGradientPenalty', p=6, k=2.0),
    loss_damsm=dict(type='DAMSMLoss', gamma1=5.0, gamma2=5.0, gamma3=10.0, loss_weight=0.05),
    gather_batch=True,  # neighbours and contrasts span the batch of all processes
    channels_last=True,
)

optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4, betas=(0.0, 0.9), fused=True)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=4e-4, betas=(0.0, 0.9), fused=True)),
)
param_scheduler = None
randomness = dict(seed=100)
