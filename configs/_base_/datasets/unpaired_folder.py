# Two folders of images, trainA/ and trainB/, testA/ and testB/, in the layout of CycleGAN, CUT and MoNCE.
# To set: data_root; direction='BtoA' where B is the input.
loader = dict(
    num_workers=4, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))
load = dict(type='LoadImages', keys=['img_a', 'img_b'])
pack = dict(type='PackUnpairedImages')

train_dataloader = dict(
    **loader, global_batch_size=12, pin_memory=True, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(
        type='UnpairedImageDataset', data_root='data/horse2zebra', phase='train', direction='AtoB',
        pipeline=[load, dict(type='ResizeRandomCropFlip', load_size=286, crop_size=256, flip_prob=0.5), pack]))
val_dataloader = dict(
    **loader, batch_size=1, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='UnpairedImageDataset', data_root='data/horse2zebra', phase='test', direction='AtoB',
        pipeline=[load, dict(type='ResizeRandomCropFlip', load_size=256, crop_size=256, flip_prob=0.0), pack]))
test_dataloader = val_dataloader
