# Images of the CUB test captions as files: tools/test.py with this config, --cfg-options test_evaluator.0.out_dir=...
# Ten images of one caption of each test image; every_caption=True takes all captions, times=1 one image of each.
_base_ = './ssagan_cub.py'

test_dataloader = dict(dataset=dict(
    _delete_=True, type='RepeatedDataset', times=10,
    dataset=dict(
        type='CaptionImageDataset', data_root='data/birds', captions_per_image=10, bbox=True, split='test',
        every_caption=False, pipeline=_base_.pipeline)))
test_evaluator = [dict(type='SaveImages', out_dir='work_dirs/ssagan_cub_samples/images')]
