# Cityscapes, 35 label ids, 512 x 256: gtFine/ and leftImg8bit/ as they are released.
# Its generator: crop_size=512, aspect_ratio=2.0, num_upsampling_layers='more'; label_channels=35, or 36 with
# instances=True here and instance_edges=True of the model.
_base_ = ['labelled_256.py']

load = [dict(type='LoadImages'), dict(type='LoadLabel')]
pack = dict(type='PackLabelledImage')
dataset = dict(type='CityscapesLabelDataset', data_root='data/cityscapes')
size = dict(type='PairedResizeRandomCropFlip', mode='fixed', crop_size=512, aspect_ratio=2.0)

train_dataloader = dict(dataset=dict(
    **dataset, phase='train', pipeline=[*load, dict(**size, flip_prob=0.5), pack]))
val_dataloader = dict(dataset=dict(
    **dataset, phase='test', pipeline=[*load, dict(**size, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
