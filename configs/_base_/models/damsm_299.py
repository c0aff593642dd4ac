# DAMSM as AttnGAN trains it; the vocabulary is the data set's. Both encoders share one learning rate.
model = dict(
    type='DAMSM',
    text_encoder=dict(type='DAMSMTextEncoder', embed_dim=300, out_channels=256, rnn_type='LSTM', drop_prob=0.5),
    image_encoder=dict(type='DAMSMImageEncoder', out_channels=256, trunk='inception_v3', input_size=299,
                       trunk_weights='cache'),
    loss=dict(type='DAMSMLoss', gamma1=4.0, gamma2=5.0, gamma3=10.0),
    gather_batch=True,  # contrasts span the batch of all processes
)

optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    text_encoder=dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999)),
        clip_grad=dict(max_norm=0.25)),
    image_encoder=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999))),
)
sync_bn = 'torch'  # the trunk's batch norms are in training mode: on several GPUs they see the whole batch
randomness = dict(seed=100)
