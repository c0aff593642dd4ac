import pytest
import torch

from genzoo.errors import ConfigError, DataError

from .conftest import optimizers, random_image, samples

A, B = random_image(0), random_image(1)
NAMES = ('generator', 'discriminator', 'patch_sampler')


def weights(model, name):
    return torch.cat([weight.detach().flatten() for weight in getattr(model, name).parameters()])


def batch():
    return dict(inputs=dict(img_a=A, img_b=B), data_samples=samples(2))


def test_heads_exist_before_optimisers(cut):
    assert [head[0].in_features for head in cut().patch_sampler.heads] == [3, 4, 8]


def test_keys_are_what_encoding_the_sources_gives(cut):
    model = cut()
    state = model.begin_iteration(batch()['inputs'], None)
    expected = model.generator(torch.cat([A, B]), model.nce_layers, encode_only=True)
    for mine, theirs in zip(state['keys'], expected):
        torch.testing.assert_close(mine, theirs)
        assert not mine.requires_grad


def test_layers_with_fewer_places_are_contrasted_by_themselves(cut):
    model = cut(num_patches=20)  # layer 12 has 4 x 4 places
    state = model.begin_iteration(batch()['inputs'], None)
    assert model.contrast(state)['loss_nce'].isfinite()


def test_negatives_of_all_images_are_those_of_one_domain_and_layer(cut):
    model = cut(loss_contrast=dict(type='PatchNCELoss', all_negatives=True))
    state = model.begin_iteration(batch()['inputs'], None)
    ids = model._draw_ids(state['keys'])
    keys, _ = model.patch_sampler(state['keys'], ids=ids)
    queries, _ = model.patch_sampler(model._encode(state['translated']), ids=ids)
    alone = torch.stack([model.loss_contrast(q[:2], k[:2]).mean() for q, k in zip(queries, keys)]).mean()
    torch.testing.assert_close(model.contrast(state, ids)['loss_nce'], 0.5 * alone)


def test_without_identity_only_sources_are_translated(cut):
    model = cut(nce_idt=False)
    state = model.begin_iteration(batch()['inputs'], None)
    assert len(state['translated']) == 2
    assert set(model.contrast(state)) == {'loss_nce'}


def test_flipped_input_is_compared_place_by_place(cut, monkeypatch):
    model = cut(nce_idt=False, flip_equivariance=True)
    monkeypatch.setattr(torch, 'rand', lambda *args, **kwargs: torch.tensor(0.))
    state = model.begin_iteration(batch()['inputs'], None)
    assert state['flipped']
    torch.testing.assert_close(state['fake_b'], model.generator(A.flip(-1)))
    for mine, theirs in zip(state['keys'], model.generator(A, model.nce_layers, encode_only=True)):
        torch.testing.assert_close(mine, theirs)


def test_without_contrast_there_is_no_sampler(cut):
    model = cut(patch_sampler=None, loss_contrast=None)
    logs = model.train_step(batch(), optimizers(model, 'generator', 'discriminator'))
    assert set(logs) == {'loss_d', 'd_real', 'd_fake', 'loss_g'}


def test_half_of_the_parts_for_training_are_refused(cut):
    with pytest.raises(ConfigError, match='needs loss_gan, and patch_sampler and loss_contrast together'):
        cut(loss_contrast=None)


@pytest.mark.parametrize('layers', [(), (0, 99), (-1,), (4, 0), (0, 4, 4), (0, 4.5), 4, '04'])
def test_layers_that_the_generator_has_not_in_rising_order_are_refused(cut, layers):
    with pytest.raises(ConfigError, match=r'model\.nce_layers=.*: must be numbers of layers .* 0 to 24, in rising'):
        cut(nce_layers=layers)


@pytest.mark.parametrize(('num_patches', 'all_negatives', 'least'), [
    (0, False, 2), (-1, False, 2), (1, False, 2), (8.5, False, 2), (0, True, 1)])
def test_patches_too_few_for_negatives_are_refused(cut, num_patches, all_negatives, least):
    with pytest.raises(ConfigError, match=rf'num_patches={num_patches}: must be a whole number, {least} or more'):
        cut(num_patches=num_patches, loss_contrast=dict(type='MoNCELoss', all_negatives=all_negatives))


@pytest.mark.parametrize(('num_patches', 'all_negatives'), [(2, False), (1, True)])
def test_the_least_number_of_patches_trains_and_logs_entropies(cut, num_patches, all_negatives):
    model = cut(num_patches=num_patches, entropy_interval=1, loss_contrast=dict(
        type='MoNCELoss', num_patches=2, num_iters=2, all_negatives=all_negatives))
    logs = model.train_step(batch(), optimizers(model, *NAMES))
    assert all(0 <= value <= 1 for name, value in logs.items() if 'entropy' in name)


def test_training_images_too_small_for_the_generator_are_refused(cut):
    tiny = dict(img_a=torch.zeros(2, 3, 4, 4), img_b=torch.zeros(2, 3, 4, 4))
    with pytest.raises(DataError, match='an image of 4 x 4 pixels: .*set a larger crop_size'):
        cut().begin_iteration(tiny, None)


def test_domains_of_two_sizes_train_without_identity_only(cut):
    inputs = dict(img_a=A, img_b=random_image(1, side=20))
    with pytest.raises(DataError, match=r'of 16 x 16 and 20 x 20 pixels: .*set model\.nce_idt=False'):
        cut().begin_iteration(inputs, None)
    assert cut(nce_idt=False).begin_iteration(inputs, None)['fake_b'].shape == A.shape


@pytest.mark.parametrize('sampler', [dict(use_mlp=False), dict(use_mlp=False, pool_size=2)])
def test_a_sampler_without_heads_needs_no_optimiser(cut, sampler):
    model = cut(patch_sampler=dict(type='PatchSampler', **sampler))
    logs = model.train_step(batch(), optimizers(model, 'generator', 'discriminator'))
    assert logs['loss_nce'] > 0


@pytest.mark.parametrize('size', [(16, 16), (17, 22), (9, 31)])
def test_images_of_any_size_are_translated(cut, size):
    model = cut().eval()
    images = torch.zeros(1, 3, *size)
    assert model.translate(images).shape == images.shape


def test_tiny_image_is_refused(cut):
    with pytest.raises(DataError, match='an image of 16 x 7 pixels: the smallest'):
        cut().translate(torch.zeros(1, 3, 7, 16))


def test_predictions_carry_source_translation_and_target(cut):
    model = cut().eval()
    first, _ = model(batch()['inputs'], samples(2), mode='predict')
    assert first.key == 'item0'
    assert first.fake_img.shape == first.source_img.shape == first.gt_img.shape == (3, 16, 16)
    assert first.fake_img.dtype == torch.uint8
    alone, = model(dict(img_a=A[:1]), None, mode='predict')
    assert torch.equal(alone.fake_img, first.fake_img)
    assert 'gt_img' not in alone


def test_prepared_for_inference_it_translates_the_same(cut):
    model = cut().eval()
    before = model.translate(A)
    model.prepare_inference()
    assert torch.equal(model.translate(A), before)
    assert 'discriminator' not in dict(model.named_children())


def test_example_items_are_what_it_trains_on(cut):
    item = cut(example_size=24).example_item(3)
    assert item['inputs']['img_a'].shape == (3, 24, 24)
    assert not torch.equal(item['inputs']['img_a'], item['inputs']['img_b'])
