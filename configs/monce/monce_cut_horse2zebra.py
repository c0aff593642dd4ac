# Horses to zebras (CycleGAN's set), hard weighting: MoNCE's main unpaired setting.
_base_ = [
    '../_base_/datasets/unpaired_folder.py', '../_base_/models/cut_256.py',
    '../_base_/evaluation/image_translation.py'
]

model = dict(loss_contrast=dict(eps=0.1))
val_evaluator = {{_base_.test_evaluator}}
