# Cityscapes, 35 label ids, 512 x 256: gtFine/ and leftImg8bit/ as they are released.
loader = dict(
    num_workers=4, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))
load = [
    dict(type='LoadImages'),
    dict(type='LoadLabel'),
]
pack = dict(type='PackLabelledImage')
dataset = dict(type='CityscapesLabelDataset', data_root='data/cityscapes')

train_dataloader = dict(
    **loader, global_batch_size=12, pin_memory=True, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(
        **dataset, phase='train',
        pipeline=[
            *load,
            dict(type='PairedResizeRandomCropFlip', mode='fixed', crop_size=512, aspect_ratio=2.0, flip_prob=0.5),
            pack]))
val_dataloader = dict(
    **loader, batch_size=12, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **dataset, phase='test',
        pipeline=[
            *load,
            dict(type='PairedResizeRandomCropFlip', mode='fixed', crop_size=512, aspect_ratio=2.0, flip_prob=0.0),
            pack]))
test_dataloader = val_dataloader
