# SSA-GAN on coloured shapes: stage 2 of the toy. Without a DAMSM of your own, the shipped one is used.
_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/shapes_caption_32.py']

damsm = 'checkpoints/damsm_toy.pth'
text_encoder = dict(
    type='DAMSMTextEncoder', vocab_size=18, embed_dim=300, out_channels=256, drop_prob=0.5, pretrained=damsm)
image_encoder = dict(
    type='DAMSMImageEncoder', out_channels=256, trunk='tiny', input_size=None, pretrained=damsm)
model = dict(
    type='SSAGAN',
    generator=dict(
        type='SSACNGenerator', base_channels=16, noise_size=100, cond_channels=256, resolution=32,
        channel_mults=(4, 4, 2, 1), mask_channels=100),
    discriminator=dict(
        type='OneWayDiscriminator', base_channels=16, cond_channels=256, resolution=32, channel_mults=(2, 4, 8)),
    text_encoder=text_encoder,
    image_encoder=image_encoder,
    loss_gan=dict(type='HingeMatchingGANLoss'),
    loss_gp=dict(type='MatchingAwareGradientPenalty', p=6, k=2.0),
    loss_damsm=dict(type='DAMSMLoss', gamma1=5.0, gamma2=5.0, gamma3=10.0, loss_weight=0.05),
    gather_batch=True,
    channels_last=True)
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=4e-4, betas=(0.0, 0.9), fused=True)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=8e-4, betas=(0.0, 0.9), fused=True)))

train_cfg = dict(type='IterBasedTrainLoop', max_iters=800, val_interval=200)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='ShapesAttributes', text_encoder=text_encoder, image_encoder=image_encoder)]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(interval=200, max_keep_ckpts=2), logger=dict(interval=25))
custom_hooks = [dict(type='SampleImagesHook', interval=200, num_samples=16)]
randomness = dict(seed=0)
