# DAMSM on CUB-200-2011, AttnGAN's recipe, for those who cannot use the released encoders.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/datasets/cub_captions_256.py', '../_base_/models/damsm_299.py'
]

model = dict(text_encoder=dict(vocab_size=5450))

pipeline = [
    dict(type='LoadTextImage'),
    dict(type='BBoxCrop', ratio=0.75),
    dict(type='ResizeShortSide', size=355),
    dict(type='RandomCrop', size=299),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SampleCaption'),
    dict(type='PadOrSubsampleCaption', max_words=18),
    dict(type='PackTextImage'),
]
train_dataloader = dict(global_batch_size=48, dataset=dict(pipeline=pipeline))
val_dataloader = dict(batch_size=48, drop_last=True, max_batches=51, dataset=dict(pipeline=pipeline))

# 200 epochs of 184 iterations, as the released text_encoder200.pth; AttnGAN allows up to 600.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=36800, val_interval=184)
val_cfg = dict(type='ValLoop')
val_evaluator = [dict(type='FieldMean', fields=['loss_words', 'loss_sentence', 'own_caption_rate'])]
test_dataloader = None
# Times 0.98 after each epoch while above 2e-4; the optimiser starts afresh in each epoch.
param_scheduler = [dict(type='StepLR', step_size=184, gamma=0.98, by_epoch=False, end=20977)]
custom_hooks = [dict(type='ResetOptimizerHook', interval=184)]
default_hooks = dict(checkpoint=dict(interval=9200, max_keep_ckpts=-1))
