# FastCUT's settings with MoNCE: no identity term, flip equivariance, a stronger contrast, half the epochs.
_base_ = ['monce_cut_horse2zebra.py']

model = dict(nce_idt=False, flip_equivariance=True, loss_contrast=dict(loss_weight=10.0))
train_cfg = dict(max_epochs=200, val_interval=200)
param_scheduler = [dict(type='LinearLR', begin=149, end=200, start_factor=1.0, end_factor=1 / 51)]
custom_hooks = [
    dict(type='LoadSizeSwitchHook', num_epochs=150),
    dict(type='SampleImagesHook', interval=1000, num_samples=8),
]
