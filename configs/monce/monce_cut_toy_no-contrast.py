# The toy of the unpaired system without its contrast: what the GAN alone does.
_base_ = ['monce_cut_toy.py']

model = dict(patch_sampler=None, loss_contrast=None)
optim_wrapper = dict(patch_sampler=None)
