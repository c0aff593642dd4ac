# SSA-GAN on CUB-200-2011, keeping the checkpoint of the lowest FID, which needs the Inception of 2015.
_base_ = './ssagan_cub.py'

default_hooks = dict(checkpoint=dict(save_best='FID/fid', rule='less'))
val_evaluator = [dict(type='FID', network=dict(type='InceptionV3Features', weights='fid'))]
