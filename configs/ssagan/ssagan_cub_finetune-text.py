# SSA-GAN on CUB-200-2011, the fine-tuning recipe: text encoder and the image encoder's heads are trained on,
# both encoders in training mode. R-precision keeps the encoders as they were.
_base_ = './ssagan_cub.py'

model = dict(
    loss_damsm=dict(loss_weight=0.1),
    loss_encoders=dict(type='DAMSMLoss', gamma1=5.0, gamma2=5.0, gamma3=10.0))
optim_wrapper = dict(
    encoders=dict(
        type='OptimWrapper', modules=['text_encoder', 'image_encoder'],
        optimizer=dict(type='Adam', lr=4e-5, betas=(0.0, 0.9))))
sync_bn = 'torch'  # the image encoder's batch norms are in training mode
