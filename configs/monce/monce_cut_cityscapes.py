# Cityscapes: label pictures to photographs. In CycleGAN's folders A holds the photographs, hence BtoA; the authors'
# folder seems to be the other way round. eps and neg_weight are read off the name of the released script's run.
_base_ = [
    '../_base_/datasets/unpaired_folder.py', '../_base_/models/cut_256.py',
    '../_base_/evaluation/image_translation.py'
]

model = dict(loss_contrast=dict(eps=0.5, neg_weight=0.5))
dataset = dict(data_root='data/cityscapes', direction='BtoA')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = {{_base_.test_evaluator}}
