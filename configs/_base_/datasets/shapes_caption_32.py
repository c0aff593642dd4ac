# One shape on a plain background and its caption, drawn in memory.
loader = dict(
    num_workers=1, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))

train_dataloader = dict(
    **loader, global_batch_size=16, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(type='ShapesCaptionDataset', split='train', length=1600, size=32))
# Each of the 108 captions twice.
val_dataloader = dict(
    **loader, batch_size=108, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ShapesCaptionDataset', split='test', length=216, size=32))
test_dataloader = val_dataloader
