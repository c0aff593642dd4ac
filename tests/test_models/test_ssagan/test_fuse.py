import copy

import pytest
import torch

from genzoo.models.ssagan.fuse import fuse_generator

NOISE = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
SENTENCE = torch.randn(6, 16, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def trained(build):
    """A generator whose batch norms have seen something."""
    torch.manual_seed(4)
    net = build('generator')
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.affine:
            torch.nn.init.normal_(module.weight, 1., .3)
            torch.nn.init.normal_(module.bias, std=.3)
    for _ in range(3):
        net(3 * torch.randn(6, 5), torch.randn(6, 16))
    return net.eval()


def test_folded_generator_computes_the_same(trained):
    torch.testing.assert_close(fuse_generator(trained)(NOISE, SENTENCE), trained(NOISE, SENTENCE),
                               rtol=1e-4, atol=1e-5)


def test_original_stays_as_it_is(trained):
    before, output = copy.deepcopy(trained.state_dict()), trained(NOISE, SENTENCE)
    fuse_generator(trained)
    assert all(torch.equal(value, before[key]) for key, value in trained.state_dict().items())
    torch.testing.assert_close(trained(NOISE, SENTENCE), output, rtol=0, atol=0)
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_no_batch_norm_behind_a_convolution_is_left(trained):
    left = [name for name, module in fuse_generator(trained).named_modules()
            if isinstance(module, torch.nn.BatchNorm2d)]
    assert left == [*(f'blocks.{n}.norm1.bn' for n in range(3)), 'to_rgb.0']


class TestInference:
    def inputs(self, make_batch):
        """Two captions, each with two noises."""
        inputs = make_batch(2)['inputs']
        captions = {key: inputs[key].repeat_interleave(2, 0) for key in ('caption_ids', 'caption_length')}
        return dict(captions, noise=NOISE[:4])

    def test_model_made_ready_predicts_the_same_with_fewer_networks(self, make_ssagan, make_batch):
        model, inputs = make_ssagan().eval(), self.inputs(make_batch)
        before = model(inputs)
        model.prepare_inference()
        torch.testing.assert_close(model(inputs), before, rtol=1e-4, atol=1e-5)
        assert not hasattr(model, 'discriminator')
        assert not hasattr(model, 'image_encoder')

    def test_averaged_generator_is_the_one_made_ready(self, make_ssagan, make_batch):
        model = make_ssagan(ema=dict(generator=dict(type='ExponentialMovingAverage', momentum=.1))).eval()
        for parameter in model.generator.parameters():
            torch.nn.init.normal_(parameter)
        inputs = self.inputs(make_batch)
        before = model(inputs)
        model.prepare_inference()
        torch.testing.assert_close(model(inputs), before, rtol=1e-4, atol=1e-5)

    def test_caption_with_several_noises_is_encoded_once(self, make_ssagan, make_batch):
        model, inputs = make_ssagan().eval(), self.inputs(make_batch)
        encoded = []
        model.text_encoder.register_forward_hook(lambda _, args, out: encoded.append(len(args[0])))
        together = model(inputs)['fake_img']
        assert encoded == [2]
        for i in range(4):
            alone = model({key: value[i:i + 1] for key, value in inputs.items()})['fake_img']
            torch.testing.assert_close(together[i:i + 1], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_compiled_generator_draws_the_same(make_ssagan):
    torch.manual_seed(0)
    model = make_ssagan().eval()
    inputs = dict(caption_ids=torch.ones(2, 3, dtype=torch.long), caption_length=torch.tensor([3, 2]),
                  noise=torch.randn(2, model.generator.noise_size))
    plain = model.generate(**inputs)['fake_img']
    model.prepare_inference(compile=True)
    torch.testing.assert_close(model.generate(**inputs)['fake_img'], plain, atol=1e-5, rtol=1e-4)
