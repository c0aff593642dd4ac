# ADE20K as the paper says: easy weighting and transport on all five levels, eps (beta) 0.1.
_base_ = ['monce_spade_ade20k.py']

model = dict(loss_contrast=dict(preset='paper', eps=0.1))
