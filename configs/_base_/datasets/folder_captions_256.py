# Pictures of your own with captions, as tools/prepare/captions_folder.py lays them out.
# To set: data_root; captions_per_image, which the tool prints.
pipeline = [
    dict(type='LoadTextImage', upright=True),
    dict(type='ResizeShortSide', size=304),
    dict(type='RandomCrop', size=256),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SampleCaption'),
    dict(type='PadOrSubsampleCaption', max_words=18),
    dict(type='PackTextImage'),
]
dataset = dict(
    type='CaptionImageDataset', data_root='data/my_photos', captions_per_image=5, pipeline=pipeline)
loader = dict(
    num_workers=4, persistent_workers=True, collate_fn=dict(type='zoo_collate'),
    worker_init_fn=dict(type='quiet_worker'))

train_dataloader = dict(
    **loader, global_batch_size=24, pin_memory=True, sampler=dict(type='EpochShuffleSampler'),
    dataset=dict(**dataset, split='train'))
# Every caption of every test image once, in validation too: there may be few images.
val_dataloader = dict(
    **loader, batch_size=24, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**dataset, split='test', every_caption=True))
test_dataloader = val_dataloader
