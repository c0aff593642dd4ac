# Smooth random fields in two colourings, the same places in both, drawn in memory.
loader = dict(
    num_workers=1, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))

train_dataloader = dict(
    **loader, global_batch_size=8, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(type='CorrespondingFieldsDataset', split='train', length=1600, size=32))
val_dataloader = dict(
    **loader, batch_size=32, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CorrespondingFieldsDataset', split='test', length=32, size=32))
test_dataloader = val_dataloader
