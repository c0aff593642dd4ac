# DAMSM on CUB sharded by FSDP. One optimiser trains both encoders, and gradients are not clipped (AttnGAN clips
# those of the text encoder): a process sees only its shard of them.
_base_ = ['./damsm_cub.py', '../_base_/strategies/fsdp.py']

runner_type = 'SafeFlexibleRunner'
optim_wrapper = dict(
    _delete_=True, type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, betas=(0.5, 0.999)))
