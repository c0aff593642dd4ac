# Winter to summer (Yosemite). The released script has a stale flag; eps and neg_weight are read off its run's name.
_base_ = [
    '../_base_/datasets/unpaired_folder.py', '../_base_/models/cut_256.py',
    '../_base_/evaluation/image_translation.py'
]

model = dict(loss_contrast=dict(eps=1.0, neg_weight=0.5, loss_weight=2.0))
data_root = 'data/winter2summer'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = {{_base_.test_evaluator}}
