# CelebAMask-HQ, 19 parts of faces; part maps and lists as tools/prepare/celebamask.py makes them.
# A channel of glasses of its own, which released weights need; glasses='class' makes them part 16 of one channel.
_base_ = ['labelled_256.py']

load = [dict(type='LoadImages'), dict(type='LoadLabel'), dict(type='LoadGlasses')]
pack = dict(type='PackLabelledImage')
dataset = dict(type='CelebAMaskHQDataset', data_root='data/CelebAMask-HQ', glasses='channel')

train_dataloader = dict(
    global_batch_size=20,
    dataset=dict(
        **dataset, phase='train',
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.5), pack]))
val_dataloader = dict(
    batch_size=20,
    dataset=dict(
        **dataset, phase='test',
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
