# Labels that the network takes as they are, .npy files of numbers (S, H, W), and images of the same names.
# To set: the four folders; num_channels, S.
_base_ = ['labelled_256.py']

load = [dict(type='LoadImages'), dict(type='LoadDenseLabel')]
pack = dict(type='PackLabelledImage')
dataset = dict(type='DenseLabelDataset', num_channels=15)

train_dataloader = dict(dataset=dict(
    **dataset, label_dir='data/my_labels/train_label', image_dir='data/my_labels/train_img',
    pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.0), pack]))
val_dataloader = dict(dataset=dict(
    **dataset, label_dir='data/my_labels/val_label', image_dir='data/my_labels/val_img',
    pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
