# ADE20K, 150 classes and unknown: annotations of ADEChallengeData2016 beside the images, or in any tree.
# Label values as in the files, which released weights need; reduce_zero_label=True gives 0..149 and 150 for unknown.
_base_ = ['labelled_256.py']

dataset = dict(type='ADE20KDataset', data_root='data/ADEChallengeData2016', reduce_zero_label=False)
train_dataloader = dict(dataset=dict(**dataset, phase='train'))
val_dataloader = dict(dataset=dict(**dataset, phase='test'))
test_dataloader = val_dataloader
