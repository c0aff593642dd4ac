# Scenes of shapes in two colourings, 32 x 32, drawn in memory. B's are fuller: a translator that only has to please a
# discriminator paints shapes that the source lacks.
scenes = dict(type='UnpairedScenesDataset', size=32, num_shapes=(1, 2), num_shapes_b=(3, 5), noise=0.02)
loader = dict(
    num_workers=1, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))

train_dataloader = dict(
    **loader, global_batch_size=4, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(**scenes, split='train', length=1024))
val_dataloader = dict(
    **loader, batch_size=64, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**scenes, split='test', length=64))
test_dataloader = val_dataloader
