# Ablation of the toy: no matching-aware gradient penalty.
_base_ = './ssagan_toy.py'

model = dict(loss_gp=None)
