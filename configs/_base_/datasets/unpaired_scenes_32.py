# Scenes of shapes in two colourings, 32 x 32, drawn in memory.
loader = dict(
    num_workers=1, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))

train_dataloader = dict(
    **loader, global_batch_size=4, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(type='UnpairedScenesDataset', split='train', length=1024, size=32))
val_dataloader = dict(
    **loader, batch_size=64, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='UnpairedScenesDataset', split='test', length=64, size=32))
test_dataloader = val_dataloader
