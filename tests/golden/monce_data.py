"""Adapters of MoNCE's golden cases about preparing images and labels."""
from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image

from genzoo.registry import MODELS, TRANSFORMS


class _Fixed:
    """A generator whose next integers, and whether it flips, are given."""

    def __init__(self, corner, flip):
        self.integers, self.flip = list(corner), flip

    def randint(self, high):
        value = self.integers.pop(0)
        assert value < high
        return value

    def random_sample(self):
        return 0.0 if self.flip else 0.999


def _scaled(picture):
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    preprocessor = MODELS.build(dict(type='ZooDataPreprocessor'))
    return preprocessor(dict(inputs=dict(img=pixels)))['inputs']['img'][0].numpy()


def _unpaired(image, corner, flip=False, **settings):
    step = TRANSFORMS.build(dict(type='ResizeRandomCropFlip', flip_prob=0.5, **settings))
    place = step.placement(dict(img_a=image, rng=_Fixed(corner, flip)), 'img_a')
    return _scaled(place(image))


def preprocess_unpaired(case):
    image = Image.fromarray(case['input_arrays']['image'])
    sizes = dict(load_size=36, crop_size=32)
    return dict(
        resize36_crop_at_3_1=_unpaired(image, (3, 1), **sizes),
        resize36_crop_at_0_4_flip=_unpaired(image, (0, 4), flip=True, **sizes),
        test_resize32=_unpaired(image, (0, 0), load_size=32, crop_size=32),
        scale_width30_crop24=_unpaired(image, (2, 0), mode='scale_width_and_crop', load_size=30, crop_size=24),
        none_multiple_of_4=_unpaired(image, (), mode='none'))


def _paired(case, corner, flip_prob, **settings):
    """Image and label after the shared transform, through the steps that data sets use."""
    from genzoo.datasets.transforms.label import LabelRule, label_picture
    hyper, arrays = case['hyper'], case['input_arrays']
    rule = LabelRule(hyper['label_nc'], has_unknown=True)
    # The case's labels are any byte: those that no file may hold are let through around the rule.
    label = np.where(arrays['label'] == 255, rule(np.full_like(arrays['label'], 255)), arrays['label'])
    results = dict(img=Image.fromarray(arrays['image']), label=label_picture(label), key='0', img_path='0',
                   rng=_Fixed(corner, hyper['flip']))
    step = dict(type='PairedResizeRandomCropFlip', flip_prob=flip_prob, **settings)
    results = TRANSFORMS.build(step)(results)
    item = SimpleNamespace(**TRANSFORMS.build(dict(type='PackLabelledImage'))(dict(results))['inputs'])
    return item.label.numpy(), _scaled(results['img'])


def preprocess_paired(case):
    hyper = case['hyper']
    crop = hyper['crop_size']
    train = _paired(case, hyper['crop_pos'], 1.0, load_size=hyper['load_size'], crop_size=crop)
    test = _paired(case, (0, 0), 0.0, load_size=crop, crop_size=crop)
    fixed = _paired(case, (), 0.0, mode='fixed', crop_size=48, aspect_ratio=2.0)
    return dict(train_label=train[0], train_image=train[1], test_label=test[0], fixed_48x24_image=fixed[1])
