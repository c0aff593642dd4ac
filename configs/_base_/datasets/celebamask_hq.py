# CelebAMask-HQ, 19 parts of faces; part maps and lists as tools/prepare/celebamask.py makes them.
# A channel of glasses of its own, which released weights need; glasses='class' makes them part 16 of one channel.
loader = dict(
    num_workers=4, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))
load = [
    dict(type='LoadImages'),
    dict(type='LoadLabel'),
    dict(type='LoadGlasses'),
]
pack = dict(type='PackLabelledImage')
dataset = dict(type='CelebAMaskHQDataset', data_root='data/CelebAMask-HQ', glasses='channel')

train_dataloader = dict(
    **loader, global_batch_size=20, pin_memory=True, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(
        **dataset, phase='train',
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.5), pack]))
val_dataloader = dict(
    **loader, batch_size=20, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset, phase='test',
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
