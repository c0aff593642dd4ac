# Ablation: hinge GAN and feature matching only.
_base_ = ['monce_spade_toy.py']

model = dict(loss_contrast=None)
