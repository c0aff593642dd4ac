# DAMSM on CUB with DeepSpeed's ZeRO, stage 2. One optimiser trains both encoders and is not started afresh in each
# epoch, all gradients are clipped together, and batch norms see the part of their own GPU.
_base_ = ['./damsm_cub.py', '../_base_/strategies/deepspeed_zero2.py']

runner_type = 'SafeFlexibleRunner'
strategy = dict(gradient_clipping=0.25)
optim_wrapper = dict(
    _delete_=True, type='DeepSpeedOptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999)))
custom_hooks = []
sync_bn = None
