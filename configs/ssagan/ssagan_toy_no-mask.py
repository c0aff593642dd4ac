# Ablation of the toy: every mask is one everywhere.
_base_ = './ssagan_toy.py'

model = dict(generator=dict(with_mask=False))
