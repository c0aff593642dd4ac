import pytest
import torch

from genzoo.errors import ConfigError

from .conftest import optimizers, random_image, samples

LABELS = torch.randint(3, (2, 1, 32, 32), generator=torch.Generator().manual_seed(0))


def batch():
    return dict(inputs=dict(label=LABELS, img=random_image(0, 32)), data_samples=samples(2))


def test_discriminator_is_trained_on_an_image_that_the_updated_generator_draws(spade):
    model, judged = spade(), []
    model.discriminator.register_forward_hook(lambda module, inputs, output: judged.append(inputs[1][:2].detach()))
    logs = model.train_step(batch(), optimizers(model, 'generator', 'discriminator'))
    assert list(logs) == ['loss_g', 'loss_features', 'loss_contrast', 'loss_d_fake', 'loss_d_real']
    first, second = judged
    again = model.generator(model.encode(batch()['inputs']))
    assert (second - again).abs().mean() < 0.2 * (second - first).abs().mean()


def test_batch_statistics_advance_twice_an_iteration(spade):
    model = spade()
    model.train_step(batch(), optimizers(model, 'generator', 'discriminator'))
    assert model.generator.head_0.norm_0.norm.num_batches_tracked == 2


def test_real_and_generated_images_are_judged_in_one_batch(spade):
    model = spade().eval()
    state = model.begin_iteration(**batch())
    fake = model.generator(state['labels'])
    on_fake, on_real = model._judge(model.discriminator, state, fake)
    for mine, images in ((on_fake, fake), (on_real, state['real'])):
        alone = model.discriminator(state['labels'], images)
        torch.testing.assert_close(mine[1][-1], alone[1][-1])


def test_terms_can_be_left_out(spade):
    model = spade(loss_features=None, loss_contrast=None)
    assert set(model.generator_losses(model.begin_iteration(**batch()))) == {'loss_g'}


def test_instance_edges_are_a_channel(spade):
    model = spade(instance_edges=True, generator=dict(
        type='SPADEGenerator', label_channels=4, base_channels=2, crop_size=32))
    encoded = model.encode(dict(label=LABELS, instance=LABELS))
    assert encoded.shape == (2, 4, 32, 32)
    assert encoded[:, 3].mean() > 0.5


def test_predictions_carry_label_and_image(spade):
    model = spade().eval()
    first, _ = model(batch()['inputs'], samples(2), mode='predict')
    assert first.fake_img.shape == first.gt_img.shape == (3, 32, 32)
    assert torch.equal(first.label, LABELS[0])
    assert 'gt_img' not in model(dict(label=LABELS), None, mode='predict')[0]


@pytest.mark.parametrize('mode', ['index', 'dense'])
def test_example_items_can_be_trained_on(spade, mode):
    model = spade(label_mode=mode)
    items = [model.example_item(number)['inputs'] for number in range(2)]
    inputs = {key: torch.stack([item[key] for item in items]) for key in items[0]}
    logs = model.train_step(dict(inputs=inputs, data_samples=None), optimizers(model, 'generator', 'discriminator'))
    assert all(value.isfinite() for value in logs.values())


def test_unknown_label_mode_is_refused(spade):
    with pytest.raises(ConfigError, match="model.label_mode='onehot': is none of index"):
        spade(label_mode='onehot')
