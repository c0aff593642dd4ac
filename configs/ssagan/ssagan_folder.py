# SSA-GAN on pictures of your own: stage 2, with the encoders of damsm_folder.py.
# To set: what _base_/datasets/folder_captions_256.py says, and these two; captions_folder.py prints the words.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/datasets/folder_captions_256.py', '../_base_/models/ssagan_256.py'
]

vocab_size = 1000
damsm = 'work_dirs/damsm_folder/iter_36800.pth'

model = dict(
    text_encoder=dict(vocab_size=vocab_size, pretrained=damsm), image_encoder=dict(pretrained=damsm))

train_cfg = dict(type='IterBasedTrainLoop', max_iters=200000, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(interval=5000, max_keep_ckpts=3, save_best='RPrecision/mean', rule='greater'))
custom_hooks = [dict(type='SampleImagesHook', interval=1000, num_samples=8)]

# Ten candidates, so that a dozen test captions will do; numbers are comparable within this data set only.
r_precision = dict(
    type='RPrecision', num_candidates=10, num_folds=1,
    text_encoder=dict(type='DAMSMTextEncoder', vocab_size=vocab_size, pretrained=damsm),
    image_encoder=dict(type='DAMSMImageEncoder', pretrained=damsm))
val_evaluator = [r_precision]
test_evaluator = [r_precision, dict(type='FID', network=dict(type='InceptionV3Features', weights='fid'))]
