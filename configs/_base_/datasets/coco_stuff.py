# COCO-Stuff, 182 classes and unknown: train_label/, train_img/, val_label/, val_img/.
_base_ = ['labelled_256.py']

dataset = dict(type='COCOStuffDataset', data_root='data/coco_stuff')
train_dataloader = dict(dataset=dict(**dataset, phase='train'))
val_dataloader = dict(dataset=dict(**dataset, phase='test'))
test_dataloader = val_dataloader
