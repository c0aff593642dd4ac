# CUT itself, the baseline: all negatives weigh the same.
_base_ = ['monce_cut_horse2zebra.py']

model = dict(loss_contrast=dict(_delete_=True, type='PatchNCELoss', tau=0.07), entropy_interval=0)
