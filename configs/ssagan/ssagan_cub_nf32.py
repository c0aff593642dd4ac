# SSA-GAN on CUB-200-2011 at half the width: the default of the released code, of no released model.
_base_ = './ssagan_cub.py'

model = dict(generator=dict(base_channels=32), discriminator=dict(base_channels=32))
