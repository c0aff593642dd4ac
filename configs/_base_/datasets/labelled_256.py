# What data sets of label maps and images share: loaders, and the pipelines of one label file an image.
loader = dict(
    num_workers=4, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))
load = [dict(type='LoadImages'), dict(type='LoadLabel')]
pack = dict(type='PackLabelledImage')

train_dataloader = dict(
    **loader, global_batch_size=12, pin_memory=True, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.5), pack]))
val_dataloader = dict(
    **loader, batch_size=12, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        pipeline=[*load, dict(type='PairedResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
