# SSA-GAN on CUB-200-2011 in less memory: bfloat16 except for the gradient penalty and the DAMSM loss, and
# blocks that are computed again in the backward pass.
_base_ = './ssagan_cub.py'

model = dict(generator=dict(with_cp=True), discriminator=dict(with_cp=True))
optim_wrapper = dict(
    generator=dict(type='AutocastOptimWrapper', precision='bf16'),
    discriminator=dict(type='AutocastOptimWrapper', precision='bf16'))
