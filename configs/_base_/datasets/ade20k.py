# ADE20K, 150 classes and unknown: annotations of ADEChallengeData2016 beside the images, or in any tree.
# Label values as in the files, which released weights need; reduce_zero_label=True gives 0..149 and 150 for unknown.
loader = dict(
    num_workers=4, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))
load = [
    dict(type='LoadImages'),
    dict(type='LoadLabel'),
]
pack = dict(type='PackLabelledImage')
dataset = dict(type='ADE20KDataset', data_root='data/ADEChallengeData2016', reduce_zero_label=False)

train_dataloader = dict(
    **loader, global_batch_size=12, pin_memory=True, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(
        **dataset, phase='train',
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.5), pack]))
val_dataloader = dict(
    **loader, batch_size=12, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset, phase='test',
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
