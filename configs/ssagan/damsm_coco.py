# DAMSM on COCO 2014, AttnGAN's recipe, for those who cannot use the released encoders.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/datasets/coco_captions_256.py', '../_base_/models/damsm_299.py'
]

model = dict(text_encoder=dict(vocab_size=27297))

pipeline = [
    dict(type='LoadTextImage'),
    dict(type='ResizeShortSide', size=355),
    dict(type='RandomCrop', size=299),
    dict(type='RandomFlip', prob=0.5),
    dict(type='SampleCaption'),
    dict(type='PadOrSubsampleCaption', max_words=15),
    dict(type='PackTextImage'),
]
train_dataloader = dict(global_batch_size=48, dataset=dict(pipeline=pipeline, max_words=15))
val_dataloader = dict(batch_size=48, drop_last=True, max_batches=51,
                      dataset=dict(pipeline=pipeline, max_words=15))

# 100 epochs of 1724 iterations, as the released text_encoder100.pth; AttnGAN allows up to 600.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=172400, val_interval=1724)
val_cfg = dict(type='ValLoop')
val_evaluator = [dict(type='FieldMean', fields=['loss_words', 'loss_sentence', 'own_caption_rate'])]
test_dataloader = None
# Times 0.98 after each epoch while above 2e-4; the optimiser starts afresh in each epoch.
param_scheduler = [dict(type='StepLR', step_size=1724, gamma=0.98, by_epoch=False, end=196537)]
custom_hooks = [dict(type='ResetOptimizerHook', interval=1724)]
default_hooks = dict(checkpoint=dict(interval=8620, max_keep_ckpts=-1))
