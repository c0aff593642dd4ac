from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from genzoo.apis.config import load_config
from genzoo.datasets import SampleIndex, zoo_collate
from genzoo.engine import NetworkOptimWrapperConstructor
from genzoo.models.monce import PatchCorrespondence, PatchEncoder
from genzoo.registry import DATASETS, METRICS, MODELS

TOY = Path(__file__).parents[3] / 'configs' / 'monce' / 'monce_loss_toy.py'


def small(**loss):
    encoder = dict(type='PatchEncoder', channels=(4, 8), strides=(2, 2))
    return PatchCorrespondence(encoder, encoder, dict(type='MoNCELoss', num_patches=4, eps=0.5, **loss))


def batch(model, size=3):
    return model.data_preprocessor(zoo_collate([model.example_item(number) for number in range(size)]))


def test_patches_are_of_unit_length_row_by_row():
    encoder, images = PatchEncoder((4, 8), (2, 2)), torch.randn(2, 3, 16, 8)
    patches = encoder(images)
    assert patches.shape == (2, 4 * 2, 8)
    torch.testing.assert_close(patches.norm(dim=-1), torch.ones(2, 8))
    maps = encoder.layers(images)
    torch.testing.assert_close(patches[0, 3], torch.nn.functional.normalize(maps[0, :, 1, 1], dim=0))


def test_each_domain_is_queried_once_and_keys_take_no_gradient():
    model = small()
    losses = model(**batch(model), mode='loss')
    assert set(losses) == {'loss_a', 'loss_b'}
    losses['loss_a'].backward()
    assert all(weight.grad is None for weight in model.encoder_b.parameters())
    assert all(weight.grad.abs().sum() > 0 for weight in model.encoder_a.parameters())


def test_predictions_carry_the_patches_of_each_item():
    model = small()
    data = batch(model)
    samples = model(**data, mode='predict')
    patches_a, patches_b = model(**data)
    assert [sample.key for sample in samples] == ['example_0', 'example_1', 'example_2']
    torch.testing.assert_close(torch.stack([sample.patches_a for sample in samples]), patches_a)
    torch.testing.assert_close(torch.stack([sample.patches_b for sample in samples]), patches_b)


@pytest.fixture
def toy():
    """``toy(iterations)``: the config's model trained that long, and what its metric says."""
    cfg = load_config(TOY)
    init_default_scope('genzoo')
    model = MODELS.build(cfg.model)
    optimizers = NetworkOptimWrapperConstructor(
        {name: dict(wrapper) for name, wrapper in cfg.optim_wrapper.items() if name != 'constructor'})(model)
    data, held_out = (DATASETS.build(cfg[name].dataset) for name in ('train_dataloader', 'val_dataloader'))

    def evaluate():
        metric = METRICS.build(cfg.val_evaluator[0])
        items = zoo_collate([held_out[index] for index in range(len(held_out))])
        metric.process(items, [sample.to_dict() for sample in model.val_step(items)])
        return {name.rpartition('/')[2]: value for name, value in metric.evaluate(len(held_out)).items()}

    def train(iterations):
        for step in range(iterations):
            model.train_step(zoo_collate([data[SampleIndex(i, 0, 8 * step + i)] for i in range(8)]), optimizers)
        return evaluate()

    return train


def test_untrained_encoders_find_hardly_anything(toy):
    assert toy(0)['top1'] < 0.1


@pytest.mark.slow
def test_the_toy_meets_its_criteria(toy):
    """Section 11 of the specification; after half of the config's iterations."""
    result = toy(100)
    assert result['top1'] >= 0.95
    assert result['hard_correlation'] > 0.9
    assert result['easy_correlation'] < -0.9
