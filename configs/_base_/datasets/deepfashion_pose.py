# DeepFashion, a skeleton drawn from OpenPose's key points and 17 maps of distances (S = 20); no mirroring.
_base_ = ['labelled_256.py']

load = [dict(type='LoadImages'), dict(type='LoadPose')]
pack = dict(type='PackLabelledImage')
dataset = dict(type='DeepFashionPoseDataset', data_root='data/DeepFashion')

train_dataloader = dict(dataset=dict(
    **dataset, phase='train',
    pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.0), pack]))
val_dataloader = dict(dataset=dict(
    **dataset, phase='test',
    pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
