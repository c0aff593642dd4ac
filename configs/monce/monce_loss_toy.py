# The loss alone: two encoders learn which patches of two colourings show the same place.
_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/corresponding_fields_32.py']

encoder = dict(type='PatchEncoder', channels=(32, 32, 64), strides=(2, 2, 1))
model = dict(
    type='PatchCorrespondence',
    encoder_a=encoder,
    encoder_b=encoder,
    loss=dict(type='MoNCELoss', num_patches=64, tau=0.07, eps=0.1, weighting='hard', modulation='ot'))
optim_wrapper = dict(
    constructor='NetworkOptimWrapperConstructor',
    encoder_a=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)),
    encoder_b=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3)))

train_cfg = dict(type='IterBasedTrainLoop', max_iters=200, val_interval=100)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
val_evaluator = [dict(type='PatchRetrieval', num_patches=64, eps=0.1)]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(interval=200), logger=dict(interval=25))
randomness = dict(seed=0)
