import pytest
import torch

from genzoo.errors import ConfigError, DataError

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
        type='SPADEGenerator', label_channels=4, base_channels=2, crop_size=32), discriminator=None)
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


def test_networks_of_unlike_labels_are_refused(spade):
    with pytest.raises(ConfigError, match='model.discriminator.label_channels=5: the generator has 3'):
        spade(discriminator=dict(type='SPADEMultiscaleDiscriminator', label_channels=5))


def test_other_classes_of_the_data_set_are_refused_before_training(spade):
    spade().check_dataset(dict(num_classes=3))
    model = spade()
    with pytest.raises(DataError, match='streets: has 35 classes, the networks were built for 3. Set label_ch.*=35'):
        model.check_dataset(dict(num_classes=35, dataset_name='streets'))


@pytest.mark.parametrize('step', ['train', 'predict'])
def test_a_label_that_is_no_class_is_named_with_its_item(spade, step):
    model, data = spade(), batch()
    data['inputs']['label'] = LABELS.clone()
    data['inputs']['label'][1, 0, 3, 4] = 9
    wrappers = optimizers(model, 'generator', 'discriminator')
    run = (lambda: model.train_step(data, wrappers)) if step == 'train' else (lambda: model.eval().val_step(data))
    with pytest.raises(DataError, match='^item1: a label map with the value 9; the model has 3 classes, 0 to 2'):
        run()


def test_images_of_another_size_are_refused(spade):
    data = dict(inputs=dict(label=LABELS, img=random_image(0, 64)), data_samples=None)
    with pytest.raises(ConfigError, match='makes images of 32x32 pixels, the data set yields 64x64'):
        spade().begin_iteration(**data)


def test_a_single_image_that_leaves_batch_norms_nothing_to_average_is_refused(spade):
    data = dict(inputs=dict(label=LABELS[:1], img=random_image(0, 32, 1)), data_samples=None)
    with pytest.raises(ConfigError, match='starts from 1x1 pixels, .* Raise global_batch_size, or crop_size'):
        spade().begin_iteration(**data)


def test_missing_instances_are_named(spade):
    model = spade(instance_edges=True)
    with pytest.raises(DataError, match='inputs: without instance'):
        model.encode(dict(label=LABELS.clamp(max=1)))


class TestNoise:
    @pytest.fixture
    def model(self, spade):
        return spade(generator=dict(type='SPADEGenerator', label_channels=3, base_channels=2, crop_size=32,
                                    use_vae=True, noise_size=5))

    def test_both_steps_draw_their_own(self, model):
        drawn = []
        model.generator.fc.register_forward_hook(lambda module, inputs, output: drawn.append(inputs[0]))
        model.train_step(batch(), optimizers(model, 'generator', 'discriminator'))
        assert [noise.shape for noise in drawn] == [(2, 5)] * 2
        assert not torch.equal(*drawn)

    def test_predictions_depend_on_the_item_not_on_the_batch(self, model):
        model.eval()
        whole = model(batch()['inputs'], samples(2), mode='predict')
        alone = model(dict(label=LABELS[1:]), samples(2)[1:], mode='predict')
        assert (whole[1].fake_img.int() - alone[0].fake_img.int()).abs().max() <= 1

    def test_noise_may_be_given(self, model):
        model.eval()
        one, other = (model(dict(label=LABELS, noise=torch.full((2, 5), value))) for value in (0., 5.))
        assert not torch.equal(one, other)


def test_inference_without_spectral_norms_gives_the_same_images(spade):
    model = spade().eval()
    before = model(batch()['inputs'])
    model.prepare_inference()
    assert not any('parametrizations' in key for key in model.state_dict())
    torch.testing.assert_close(model(batch()['inputs']), before, rtol=1e-5, atol=1e-6)
