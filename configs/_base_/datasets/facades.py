# CMP facades, 13 classes: train_label/, train_img/, val_label/, val_img/.
_base_ = ['labelled_256.py']

dataset = dict(type='FacadesDataset', data_root='data/facades')
train_dataloader = dict(dataset=dict(**dataset, phase='train'))
val_dataloader = dict(dataset=dict(**dataset, phase='test'))
test_dataloader = val_dataloader
