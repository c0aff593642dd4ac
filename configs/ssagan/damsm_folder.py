# DAMSM on pictures of your own: stage 1, the encoders.
# To set: what _base_/datasets/folder_captions_256.py says; vocab_size, which captions_folder.py prints.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/datasets/folder_captions_256.py', '../_base_/models/damsm_299.py'
]

model = dict(text_encoder=dict(vocab_size=1000))

pipeline = [
    dict(type='LoadTextImage', upright=True),
    dict(type='ResizeShortSide', size=355),
    dict(type='RandomCrop', size=299),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SampleCaption'),
    dict(type='PadOrSubsampleCaption', max_words=18),
    dict(type='PackTextImage'),
]
train_dataloader = dict(global_batch_size=48, dataset=dict(pipeline=pipeline))
val_dataloader = dict(batch_size=48, dataset=dict(pipeline=pipeline, every_caption=False))

# As many iterations as for CUB-200-2011, whose epochs have 184.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=36800, val_interval=1840)
val_cfg = dict(type='ValLoop')
val_evaluator = [dict(type='FieldMean', fields=['loss_words', 'loss_sentence', 'own_caption_rate'])]
test_dataloader = None
param_scheduler = [dict(type='StepLR', step_size=184, gamma=0.98, by_epoch=False, end=20977)]
custom_hooks = [dict(type='ResetOptimizerHook', interval=184)]
default_hooks = dict(checkpoint=dict(interval=9200, max_keep_ckpts=-1))
