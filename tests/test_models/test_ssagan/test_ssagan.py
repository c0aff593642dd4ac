import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapperDict

from genzoo.engine import AutocastOptimWrapper
from genzoo.errors import DataError
from genzoo.models.ssagan import SSAGAN, ssagan
from genzoo.structures import DataSample

pytestmark = pytest.mark.usefixtures('no_seed')


def state_of(network):
    return {key: value.clone() for key, value in network.state_dict().items()}


def assert_same_networks(model, other, **tolerance):
    for name in ('generator', 'discriminator', 'text_encoder', 'image_encoder'):
        torch.testing.assert_close(dict(getattr(model, name).state_dict()),
                                   dict(getattr(other, name).state_dict()), **tolerance)


def changed(before, network):
    """Names of what is no longer as in ``before``."""
    return {key for key, value in network.state_dict().items() if not torch.equal(before[key], value)}


def plain_batch(batch):
    """Images in [-1, 1] and the captions, longest first, as the loader of the release sorts them."""
    inputs = batch['inputs']
    order = sorted(range(len(inputs['img'])), key=lambda i: -int(inputs['caption_length'][i]))
    inputs = {key: value[order] for key, value in inputs.items()}
    return dict(inputs, img=inputs['img'] / 127.5 - 1), order


def plain_d_step(model, optimizers, real, fake, sentence):
    net = model.discriminator
    features = net(real)
    loss = (F.relu(1 - net.logits(features, sentence)).mean()
            + F.relu(1 + net.logits(net(fake.detach()), sentence)).mean() / 2
            + F.relu(1 + net.logits(features[:-1], sentence[1:])).mean() / 2)
    plain_step(model, optimizers['discriminator'], loss)
    return loss.detach()


def plain_penalty(model, real, sentence):
    real, sentence = real.clone().requires_grad_(), sentence.clone().requires_grad_()
    logits = model.discriminator.logits(model.discriminator(real), sentence)
    gradients = torch.autograd.grad(logits.sum(), (real, sentence), create_graph=True)
    norms = torch.cat([gradient.flatten(1) for gradient in gradients], 1).norm(dim=1)
    return 2 * norms.pow(6).mean()


def plain_step(model, wrapper, loss):
    model.zero_grad()
    loss.backward(retain_graph=True)
    wrapper.optimizer.step()


def plain_iteration(model, optimizers, batch, noise):
    """One iteration in the order of the specification, with nothing shared but the generator's forward."""
    inputs, order = plain_batch(batch)
    real, lengths, classes = inputs['img'], inputs['caption_length'], inputs['class_id']
    words, sentence = model.text_encoder(inputs['caption_ids'], lengths)
    fake = model.generator(noise[order], sentence.detach())['fake_img']
    if hasattr(model, 'loss_encoders'):
        matching = model.loss_encoders(*model.image_encoder(real), words, sentence, lengths, classes)
        plain_step(model, optimizers['encoders'], sum(matching.values()))
    words, sentence = words.detach(), sentence.detach()
    logs = dict(d=plain_d_step(model, optimizers, real, fake, sentence),
                gp=plain_penalty(model, real, sentence))
    plain_step(model, optimizers['discriminator'], logs['gp'])
    judged = -model.discriminator.logits(model.discriminator(fake), sentence).mean()
    damsm = sum(model.loss_damsm(*model.image_encoder(fake), words, sentence, lengths, classes).values())
    plain_step(model, optimizers['generator'], judged + damsm)
    return dict(logs, g=judged, damsm=damsm)


def run_both(model, make_optimizers, batches, **optimizer):
    """Trains ``model`` and a copy of it, by ``train_step`` and by hand; returns it and both last logs."""
    plain = copy.deepcopy(model)
    ours, theirs = make_optimizers(model, **optimizer), make_optimizers(plain, **optimizer)
    for number, batch in enumerate(batches):
        torch.manual_seed(number)
        logs = model.train_step(batch, ours)
        torch.manual_seed(number)
        plain_logs = plain_iteration(plain, theirs, batch, torch.randn(len(batch['inputs']['img']), 5))
    return plain, logs, plain_logs


class TestIteration:
    def test_it_equals_the_procedure_written_out(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan()
        plain, logs, plain_logs = run_both(model, make_optimizers, [make_batch(4, seed) for seed in range(3)])
        assert_same_networks(model, plain)
        torch.testing.assert_close(logs['loss_gp'], plain_logs['gp'].detach())
        torch.testing.assert_close(logs['loss_g'], plain_logs['g'].detach())
        torch.testing.assert_close(logs['loss_damsm'], plain_logs['damsm'].detach())
        hinge = logs['loss_d_real'] + logs['loss_d_mismatching'] + logs['loss_d_fake']
        torch.testing.assert_close(hinge, plain_logs['d'])

    def test_penalty_sees_the_discriminator_after_its_first_step(self, make_ssagan, make_optimizers,
                                                                 make_batch):
        model, batch = make_ssagan(), make_batch()
        inputs, _ = plain_batch(batch)
        _, sentence = model.text_encoder(inputs['caption_ids'], inputs['caption_length'])
        before = plain_penalty(model, inputs['img'], sentence.detach())
        logs = model.train_step(batch, make_optimizers(model, lr=.1))
        assert not torch.isclose(logs['loss_gp'], before, rtol=.01)

    def test_optimizers_step_twice_for_d_and_once_for_g(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan()
        optimizers, steps = make_optimizers(model), []
        for name, wrapper in optimizers.items():
            wrapper.optimizer.register_step_post_hook(lambda *_, name=name: steps.append(name))
        model.train_step(make_batch(), optimizers)
        assert steps == ['discriminator', 'discriminator', 'generator']

    def test_generator_and_encoders_run_once(self, make_ssagan, make_optimizers, make_batch):
        model, calls = make_ssagan(), []
        for name in ('generator', 'discriminator', 'text_encoder', 'image_encoder'):
            getattr(model, name).register_forward_hook(lambda *_, name=name: calls.append(name))
        model.train_step(make_batch(), make_optimizers(model))
        assert calls == ['text_encoder', 'generator', *['discriminator'] * 4, 'image_encoder']

    def test_frozen_encoders_are_the_same_to_the_bit(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan(text=dict(drop_prob=.5))
        before = {name: state_of(getattr(model, name)) for name in ('text_encoder', 'image_encoder')}
        for _ in range(2):
            model.train_step(make_batch(), make_optimizers(model, torch.optim.Adam, lr=1e-2))
        assert not any(changed(state, getattr(model, name)) for name, state in before.items())
        assert not model.text_encoder.training
        assert not model.image_encoder.trunk.training

    def test_discriminator_and_encoder_weights_get_no_gradient_from_the_generators_loss(
            self, make_ssagan, make_optimizers, make_batch):
        model, computed = make_ssagan(), []
        parts = dict(d=model.discriminator.conv_img.weight, g=model.generator.fc.weight)
        for name, weight in parts.items():
            weight.register_hook(lambda _, name=name: computed.append(name))
        model.train_step(make_batch(), make_optimizers(model))
        assert computed == ['d', 'd', 'g']
        assert all(parameter.grad is None for parameter in model.parameters())

    def test_everything_but_the_unused_shortcut_trains(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan()
        before = {name: state_of(getattr(model, name)) for name in ('generator', 'discriminator')}
        model.train_step(make_batch(), make_optimizers(model, torch.optim.Adam, lr=1e-2, betas=(0., .9)))
        still = {name: {key for key, _ in getattr(model, name).named_parameters()} - changed(
            state, getattr(model, name)) for name, state in before.items()}
        assert still['discriminator'] == {'blocks.1.shortcut.weight', 'blocks.1.shortcut.bias'}
        # A convolution's bias before a batch norm moves nothing but its mean.
        assert all('bias' in key for key in still['generator']), still['generator']

    def test_penalty_is_float32_under_autocast(self, make_ssagan, make_batch):
        model, dtypes = make_ssagan(), []
        optimizers = {
            name: AutocastOptimWrapper(torch.optim.SGD([p for p in getattr(model, name).parameters()
                                                        if p.requires_grad], .01))
            for name in ('generator', 'discriminator')}
        model.discriminator.conv_img.register_forward_hook(lambda _, args, out: dtypes.append(out.dtype))
        logs = model.train_step(make_batch(), OptimWrapperDict(**optimizers))
        half = torch.bfloat16
        assert dtypes == [half, half, torch.float32, half]
        assert all(value.isfinite() for value in logs.values())

    def test_accumulation_averages_the_parts(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan(accumulation_rounds=2)
        logs = model.train_step(make_batch(8), make_optimizers(model))
        assert all(value.isfinite() for value in logs.values())
        assert int(model.generator.to_rgb[0].num_batches_tracked) == 2


class TestMismatches:
    def judged(self, model, batch, optimizers, monkeypatch):
        """Features and sentences of every call of ``logits`` in one iteration."""
        calls, judge = [], model.discriminator.logits
        monkeypatch.setattr(model.discriminator, 'logits',
                            lambda *args: (calls.append([part.detach() for part in args]), judge(*args))[1])
        model.train_step(batch, optimizers)
        return calls

    @pytest.mark.parametrize('sort_batch', [True, False])
    def test_image_i_gets_the_sentence_of_image_i_plus_1(self, make_ssagan, make_optimizers, make_batch,
                                                         monkeypatch, sort_batch):
        model, batch = make_ssagan(sort_batch=sort_batch), make_batch(5)
        lengths = batch['inputs']['caption_length']
        assert lengths.tolist() == [2, 5, 3, 1, 4]
        order = [1, 4, 2, 0, 3] if sort_batch else list(range(5))
        _, sentence = model.text_encoder(batch['inputs']['caption_ids'][order], lengths[order])
        (real, own), (first, others), _, *_ = self.judged(model, batch, make_optimizers(model), monkeypatch)
        torch.testing.assert_close(own, sentence)
        assert torch.equal(others, own[1:])
        assert torch.equal(first, real[:-1])

    def test_captions_of_equal_length_keep_their_order(self, make_ssagan, make_batch):
        batch = make_batch(4)
        batch['inputs']['caption_length'] = torch.tensor([2, 3, 2, 3])
        model = make_ssagan()
        state = model.begin_iteration(**model.data_preprocessor(batch))
        images = batch['inputs']['img'][[1, 3, 0, 2]]
        assert torch.equal(((state['real'] + 1) * 127.5).round().byte(), images)
        assert state['class_ids'].tolist() == batch['inputs']['class_id'][[1, 3, 0, 2]].tolist()

    def test_batch_of_one_is_refused_in_one_line(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan()
        with pytest.raises(DataError, match='batch_size: .* at least two') as error:
            model.train_step(make_batch(1), make_optimizers(model))
        assert '\n' not in str(error.value)


def test_merged_penalty_is_one_step_of_d_on_the_sum(make_ssagan, make_optimizers, make_batch):
    model, batch = make_ssagan(merge_gp_step=True), make_batch()
    plain = copy.deepcopy(model)
    optimizers, steps = make_optimizers(model), []
    optimizers['discriminator'].optimizer.register_step_post_hook(lambda *_: steps.append('d'))
    torch.manual_seed(0)
    model.train_step(batch, optimizers)
    inputs, order = plain_batch(batch)
    torch.manual_seed(0)
    noise = torch.randn(4, 5)[order]
    _, sentence = plain.text_encoder(inputs['caption_ids'], inputs['caption_length'])
    fake = plain.generator(noise, sentence)['fake_img'].detach()
    hinge = plain.loss_gan.discriminator(
        *(plain.discriminator.logits(plain.discriminator(images), s)
          for images, s in ((inputs['img'], sentence), (inputs['img'][:-1], sentence[1:]), (fake, sentence))))
    loss = sum(hinge.values()) + plain_penalty(plain, inputs['img'], sentence.detach())
    plain_step(plain, make_optimizers(plain)['discriminator'], loss)
    assert steps == ['d']
    torch.testing.assert_close(dict(model.discriminator.state_dict()), dict(plain.discriminator.state_dict()))


class TestFineTuning:
    LOSS = dict(type='DAMSMLoss')

    def test_it_equals_the_procedure_written_out(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan(loss_encoders=self.LOSS)
        plain, logs, plain_logs = run_both(model, make_optimizers, [make_batch(4, seed) for seed in range(2)],
                                           lr=.005)
        assert_same_networks(model, plain)
        torch.testing.assert_close(logs['loss_damsm'], plain_logs['damsm'].detach())

    def test_encoders_step_first(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan(loss_encoders=self.LOSS)
        optimizers, steps = make_optimizers(model), []
        for name, wrapper in optimizers.items():
            wrapper.optimizer.register_step_post_hook(lambda *_, name=name: steps.append(name))
        model.train_step(make_batch(), optimizers)
        assert steps == ['encoders', 'discriminator', 'discriminator', 'generator']

    def test_text_encoder_and_heads_train_and_of_the_trunk_only_the_statistics(
            self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan(loss_encoders=self.LOSS)
        text, image = state_of(model.text_encoder), state_of(model.image_encoder)
        model.train_step(make_batch(), make_optimizers(model))
        assert changed(text, model.text_encoder) == set(text)
        statistics = {key for key in image if 'running' in key or 'tracked' in key}
        assert changed(image, model.image_encoder) == statistics | {
            'emb_features.weight', 'emb_cnn_code.weight', 'emb_cnn_code.bias'}

    def test_encoders_are_in_training_mode_with_their_dropout(self, make_ssagan, make_batch):
        model = make_ssagan(loss_encoders=self.LOSS, text=dict(drop_prob=.5)).train()
        assert all(module.training for module in model.modules())
        inputs = model.data_preprocessor(make_batch())
        sentences = [model.begin_iteration(**inputs)['sentence'] for _ in range(2)]
        assert not torch.equal(*sentences)

    def test_g_and_d_send_no_gradient_into_the_text_encoder(self, make_ssagan, make_optimizers, make_batch):
        model, computed = make_ssagan(loss_encoders=self.LOSS), []
        model.text_encoder.embedding.weight.register_hook(lambda _: computed.append('text'))
        model.train_step(make_batch(), make_optimizers(model))
        assert computed == ['text']


class TestModes:
    def test_loss_mode_gives_every_loss_of_the_batch(self, make_ssagan, make_batch):
        model = make_ssagan()
        losses = model(**model.data_preprocessor(make_batch()), mode='loss')
        assert set(losses) == {'loss_d_real', 'loss_d_mismatching', 'loss_d_fake', 'loss_gp', 'loss_g',
                               'loss_damsm'}
        sum(losses.values()).backward()
        assert model.generator.fc.weight.grad.ne(0).any()

    def test_tensor_mode_is_the_generators_output_for_the_given_noise(self, make_ssagan, make_batch):
        model = make_ssagan().eval()
        inputs = model.data_preprocessor(make_batch())['inputs']
        noise = torch.randn(4, 5)
        _, sentence = model.text_encoder(inputs['caption_ids'], inputs['caption_length'])
        expected = model.generator(noise, sentence)
        output = model(dict(inputs, noise=noise))
        torch.testing.assert_close(output, expected)
        assert not output['fake_img'].requires_grad

    def test_prediction_completes_the_data_samples(self, make_ssagan, make_batch):
        batch = make_batch(3)
        batch['data_samples'] = [
            DataSample(key=f'bird{i}', caption='a bird', caption_index=i) for i in range(3)]
        samples = make_ssagan().eval().val_step(batch)
        for i, sample in enumerate(samples):
            assert (sample.key, sample.caption, sample.caption_index) == (f'bird{i}', 'a bird', i)
            assert (sample.fake_img.shape, sample.fake_img.dtype) == ((3, 16, 16), torch.uint8)
            assert torch.equal(sample.gt_img, batch['inputs']['img'][i])
            assert [mask.shape for mask in sample.masks] == [(1, 4, 4), (1, 8, 8), (1, 16, 16)]
            for key in ('caption_ids', 'caption_length', 'class_id'):
                assert torch.equal(sample.get(key), batch['inputs'][key][i])
        assert 'fake_img' not in batch['data_samples'][0]

    def test_real_images_come_back_to_the_bit(self, make_ssagan, make_batch):
        batch = make_batch(1)
        batch['inputs']['img'] = torch.arange(768).view(1, 3, 16, 16).to(torch.uint8)
        sample, = make_ssagan().eval().val_step(batch)
        assert torch.equal(sample.gt_img, batch['inputs']['img'][0])

    def test_generated_images_are_truncated_to_bytes(self):
        images = torch.tensor([-1., -.9999, 0., .9999, 1., 1.5])
        assert ssagan.to_uint8(images).tolist() == [0, 0, 127, 254, 255, 255]

    def test_captions_alone_suffice_for_a_prediction(self, make_ssagan, make_batch):
        inputs = make_batch(2)['inputs']
        captions = {key: inputs[key] for key in ('caption_ids', 'caption_length')}
        samples = make_ssagan().eval().test_step(dict(inputs=captions))
        assert len(samples) == 2
        assert 'gt_img' not in samples[0]
        assert samples[0].fake_img.float().sub(samples[1].fake_img).abs().sum() > 0

    def test_predictions_use_the_averaged_generator(self, make_ssagan, make_optimizers, make_batch):
        model = make_ssagan(ema=dict(generator=dict(type='ExponentialMovingAverage', momentum=.1)))
        for _ in range(3):
            model.train_step(make_batch(), make_optimizers(model))
        model.eval()
        inputs = dict(make_batch()['inputs'], noise=torch.ones(4, 5))
        _, sentence = model.text_encoder(inputs['caption_ids'], inputs['caption_length'])
        averaged = model.generator_ema.module(inputs['noise'], sentence)['fake_img']
        assert torch.equal(model(inputs)['fake_img'], averaged)
        assert not torch.equal(model.generator(inputs['noise'], sentence)['fake_img'], averaged)

    def test_model_for_inference_needs_no_discriminator(self, make_ssagan, make_batch):
        whole = make_ssagan().eval()
        from_parts = SSAGAN(
            generator=dict(type='SSACNGenerator', base_channels=4, noise_size=5, cond_channels=16,
                           resolution=16, channel_mults=(2, 2, 1), mask_channels=3),
            text_encoder=dict(type='DAMSMTextEncoder', vocab_size=12, embed_dim=6, out_channels=16)).eval()
        for name in ('generator', 'text_encoder'):
            getattr(from_parts, name).load_state_dict(getattr(whole, name).state_dict())
        inputs = dict(make_batch()['inputs'], noise=torch.ones(4, 5))
        assert torch.equal(whole(inputs)['fake_img'], from_parts(inputs)['fake_img'])


def test_data_set_of_another_vocabulary_is_refused(make_ssagan):
    model = make_ssagan()
    model.check_dataset(dict(vocabulary=['w'] * 12))
    model.check_dataset({})
    with pytest.raises(DataError, match='data/birds: its vocabulary has 11 words, the text encoder knows 12'):
        model.check_dataset(dict(vocabulary=['w'] * 11, source='data/birds'))


def test_recomputed_blocks_train_to_the_same_weights(make_ssagan, make_optimizers, make_batch):
    states = []
    for with_cp in (False, True):
        torch.manual_seed(3)
        model = make_ssagan()
        model.generator.with_cp = model.discriminator.with_cp = with_cp
        optimizers = make_optimizers(model)
        torch.manual_seed(4)
        batches = [make_batch() for _ in range(2)]
        for batch in batches:
            torch.manual_seed(5)
            model.train_step(batch, optimizers)
        states.append(model.state_dict())
    for key, value in states[0].items():
        torch.testing.assert_close(states[1][key], value, msg=key)
