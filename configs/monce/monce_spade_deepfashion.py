# DeepFashion: drawn key points and distances to the limbs, 20 dense channels. A checkpoint is released, but neither its
# data set nor its settings; those of the command line's defaults stand here.
_base_ = [
    '../_base_/datasets/deepfashion_pose.py', '../_base_/models/spade_256.py',
    '../_base_/evaluation/image_translation.py'
]

model = dict(
    generator=dict(label_channels=20), discriminator=dict(label_channels=20), label_mode='dense')
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=50)
val_evaluator = {{_base_.test_evaluator}}
