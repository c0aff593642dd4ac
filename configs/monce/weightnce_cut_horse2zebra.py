# The ablation: negatives weighted by a softmax over each row, without transport.
_base_ = ['monce_cut_horse2zebra.py']

model = dict(loss_contrast=dict(modulation='weight'))
