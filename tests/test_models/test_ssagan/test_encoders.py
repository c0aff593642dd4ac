import pytest
import torch
import torch.nn.functional as F

from genzoo.converters import ssagan as converter
from genzoo.errors import ConfigError, WeightsError
from genzoo.models.ssagan import DAMSMImageEncoder, DAMSMTextEncoder

IDS = torch.randint(1, 12, (4, 6), generator=torch.Generator().manual_seed(1))
LENGTHS = torch.tensor([2, 5, 1, 4])


class TestText:
    def test_captions_are_encoded_each_for_itself(self, build):
        net = build('text_encoder').eval()
        words, sentence = net(IDS, LENGTHS)
        for i, length in enumerate(LENGTHS):
            alone, alone_sentence = net(IDS[i:i + 1, :length], LENGTHS[i:i + 1])
            torch.testing.assert_close(words[i:i + 1, :, :length], alone)
            torch.testing.assert_close(sentence[i:i + 1], alone_sentence)

    def test_order_of_the_batch_does_not_matter(self, build):
        net = build('text_encoder').eval()
        words, sentence = net(IDS, LENGTHS)
        order = LENGTHS.argsort(descending=True)
        sorted_words, sorted_sentence = net(IDS[order], LENGTHS[order])
        torch.testing.assert_close(sorted_words, words[order])
        torch.testing.assert_close(sorted_sentence, sentence[order])

    def test_tokens_past_the_length_are_ignored(self, build):
        net = build('text_encoder').eval()
        padded = IDS * (torch.arange(6) < LENGTHS[:, None])
        torch.testing.assert_close(net(padded, LENGTHS), net(IDS, LENGTHS))

    def test_words_end_at_the_longest_caption_and_are_zero_past_each(self, build):
        words, sentence = build('text_encoder').eval()(IDS, LENGTHS)
        assert words.shape == (4, 16, 5)
        assert sentence.shape == (4, 16)
        past = torch.arange(5) >= LENGTHS[:, None, None]
        assert words.masked_select(past).eq(0).all()
        assert words.masked_select(~past).ne(0).all()

    @pytest.mark.parametrize('rnn_type', ['LSTM', 'GRU'])
    def test_sentence_is_where_each_direction_ends(self, build, rnn_type):
        words, sentence = build('text_encoder', rnn_type=rnn_type).eval()(IDS, LENGTHS)
        forward = torch.stack([words[i, :8, length - 1] for i, length in enumerate(LENGTHS)])
        torch.testing.assert_close(sentence, torch.cat([forward, words[:, 8:, 0]], dim=1))

    def test_gru_has_three_gates(self, build):
        assert build('text_encoder', rnn_type='GRU').rnn.weight_ih_l0.shape == (24, 6)
        assert build('text_encoder').rnn.weight_ih_l0.shape == (32, 6)

    def test_several_layers_end_in_the_last_ones_states(self, build):
        words, sentence = build('text_encoder', num_layers=2).eval()(IDS[:1], torch.tensor([6]))
        torch.testing.assert_close(sentence, torch.cat([words[:, :8, -1], words[:, 8:, 0]], dim=1))

    def test_dropout_acts_in_training_alone(self, build):
        net = build('text_encoder', drop_prob=.5)
        assert not torch.equal(net(IDS, LENGTHS)[1], net(IDS, LENGTHS)[1])
        net.eval()
        assert torch.equal(net(IDS, LENGTHS)[1], net(IDS, LENGTHS)[1])

    def test_size_is_that_of_the_released_model(self):
        with torch.device('meta'):
            net = DAMSMTextEncoder(5450)
        assert sum(parameter.numel() for parameter in net.parameters()) == 2_075_320
        assert len(net.state_dict()) == 9
        assert net.embedding.padding_idx is None

    def test_embeddings_start_within_a_tenth(self):
        weight = DAMSMTextEncoder(50, 20, 16).embedding.weight
        assert weight.abs().max() <= .1
        assert weight.std().item() == pytest.approx(.1 / 3**.5, rel=.1)

    def test_other_recurrent_networks_are_refused(self):
        with pytest.raises(ConfigError, match="rnn_type 'RNN' is neither LSTM nor GRU"):
            DAMSMTextEncoder(5, rnn_type='RNN')


class TestImage:
    def test_trunk_is_frozen_and_the_heads_are_not(self, build):
        net = build('image_encoder')
        assert not any(parameter.requires_grad for parameter in net.trunk.parameters())
        names = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
        assert names == {'emb_features.weight', 'emb_cnn_code.weight', 'emb_cnn_code.bias'}

    def test_trunk_trains_where_asked(self, build):
        net = build('image_encoder', frozen_trunk=False)
        assert all(parameter.requires_grad for parameter in net.parameters())

    def test_batch_norms_of_a_frozen_trunk_follow_the_mode(self, build):
        net = build('image_encoder')
        mean = net.trunk.regions[1].running_mean
        net.eval()(torch.rand(2, 3, 16, 16))
        assert mean.eq(0).all()
        net.train()(torch.rand(2, 3, 16, 16))
        assert mean.ne(0).any()

    def test_gradients_flow_through_the_frozen_trunk_to_the_image(self, build):
        images = torch.rand(2, 3, 16, 16, requires_grad=True)
        net = build('image_encoder').requires_grad_(False).eval()
        sum(part.square().sum() for part in net(images)).backward()
        assert images.grad.ne(0).any()

    def test_images_are_resized_first(self, build):
        images = torch.rand(2, 3, 20, 20)
        resized = F.interpolate(images, size=(16, 16), mode='bilinear', align_corners=False)
        plain = build('image_encoder').eval()
        resizing = build('image_encoder', input_size=16).eval()
        resizing.load_state_dict(plain.state_dict())
        torch.testing.assert_close(resizing(images), plain(resized))

    def test_tiny_trunk_keeps_a_quarter_of_the_resolution(self, build):
        regions, code = build('image_encoder').eval()(torch.rand(2, 3, 32, 32))
        assert regions.shape == (2, 16, 8, 8)
        assert code.shape == (2, 16)

    def test_size_is_that_of_the_released_model(self):
        with torch.device('meta'):
            net = DAMSMImageEncoder().eval()
            regions, code = net(torch.empty(1, 3, 256, 256))
        parameters = list(net.parameters())
        assert sum(parameter.numel() for parameter in parameters) == 22_506_720
        assert sum(parameter.numel() for parameter in parameters if parameter.requires_grad) == 721_152
        assert len(net.state_dict()) == 567
        assert regions.shape == (1, 256, 17, 17)
        assert code.shape == (1, 256)
        assert net.emb_features.bias is None

    def test_other_trunks_are_refused(self):
        with pytest.raises(ConfigError, match="trunk 'resnet' is neither inception_v3 nor tiny"):
            DAMSMImageEncoder(trunk='resnet')


class TestPretrained:
    @pytest.fixture
    def released(self, build, tmp_path):
        """``released(part, **changes)``: a file as released, and the network in it."""
        def write(part, **changes):
            net = build(part, **changes)
            torch.save(converter.from_genzoo(part, net.state_dict()), tmp_path / f'{part}.pth')
            return str(tmp_path / f'{part}.pth'), net
        return write

    @pytest.mark.parametrize('part', ['text_encoder', 'image_encoder'])
    def test_released_file_fills_the_encoder(self, build, released, part):
        path, net = released(part)
        loaded = build(part, pretrained=path)
        assert all(torch.equal(value, loaded.state_dict()[key]) for key, value in net.state_dict().items())

    def test_encoder_of_a_genzoo_checkpoint_is_found(self, build, tmp_path):
        net = build('text_encoder')
        state = {f'text_encoder.{key}': value for key, value in net.state_dict().items()}
        torch.save(dict(state_dict=state | {'generator.fc.weight': torch.zeros(1)}), tmp_path / 'run.pth')
        loaded = build('text_encoder', pretrained=str(tmp_path / 'run.pth'))
        assert torch.equal(loaded.embedding.weight, net.embedding.weight)

    def test_encoder_of_another_vocabulary_is_refused_with_both_sizes(self, build, released):
        path, _ = released('text_encoder', vocab_size=15)
        message = 'knows 15 words, but vocab_size is 12: .*captions.pickle'
        with pytest.raises(WeightsError, match=message) as error:
            build('text_encoder', pretrained=path)
        assert str(error.value).startswith(path)
        assert '\n' not in str(error.value)

    def test_file_without_an_embedding_is_refused(self, build, released):
        path, net = released('text_encoder')
        state = converter.from_genzoo('text_encoder', net.state_dict())
        del state['encoder.weight']
        torch.save(state, path)
        with pytest.raises(WeightsError, match='text_encoder.pth: .*embedding.weight'):
            build('text_encoder', pretrained=path)

    @pytest.mark.parametrize(('change', 'message'), [
        (lambda state: state.pop('emb_cnn_code.bias'), '1 of 21 keys missing: emb_cnn_code.bias'),
        (lambda state: state.update(extra=torch.zeros(1)), '1 keys unknown: extra'),
        (lambda state: state.update({'emb_features.weight': torch.zeros(2)}),
         r'1 shapes differ: emb_features.weight \(2,\) instead of \(16, 64, 1, 1\)'),
    ])
    def test_key_left_over_or_missing_is_named(self, build, released, change, message):
        path, net = released('image_encoder')
        state = converter.from_genzoo('image_encoder', net.state_dict())
        change(state)
        torch.save(state, path)
        with pytest.raises(WeightsError, match=message):
            build('image_encoder', pretrained=path)

    def test_text_encoder_given_as_image_encoder_is_told_so(self, build, released):
        path, _ = released('text_encoder')
        with pytest.raises(WeightsError, match='holds the text_encoder, the image_encoder was wanted'):
            build('image_encoder', pretrained=path)

    def test_lstm_does_not_fill_a_gru(self, build, released):
        path, _ = released('text_encoder')
        with pytest.raises(WeightsError, match=r'does not fit DAMSMTextEncoder \(8 shapes differ'):
            build('text_encoder', rnn_type='GRU', pretrained=path)


@pytest.mark.parametrize('lengths', [[5, 5, 5], [5, 3, 1]])
def test_text_encoder_works_under_autocast_whatever_the_lengths(lengths):
    encoder = DAMSMTextEncoder(9, embed_dim=8, out_channels=8).eval()
    captions = torch.randint(1, 9, (3, 5))
    plain = encoder(captions, torch.tensor(lengths))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        words, sentence = encoder(captions, torch.tensor(lengths))
    torch.testing.assert_close((words, sentence), plain)
