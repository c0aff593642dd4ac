import pytest
import torch
import torch.nn.functional as F
from torchvision.models.inception import Inception3, InceptionA, InceptionC, InceptionE
from torchvision.transforms.functional import normalize

from genzoo.errors import ConfigError, WeightsError
from genzoo.models.features import IMAGENET_MEAN, IMAGENET_STD, InceptionV3Features
from genzoo.models.features.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE, FIDInceptionEMax


def _plain_inception(num_classes, **args):
    return Inception3(num_classes=num_classes, init_weights=False, **args)


@pytest.fixture(scope='module')
def fid_file(weights_dir, save_scaled):
    path = weights_dir / 'pt_inception.pth'
    save_scaled(_plain_inception(1008, aux_logits=False), path)
    return path


@pytest.fixture(scope='module')
def fid_features(fid_file):
    return InceptionV3Features('fid', fid_file)


@pytest.fixture(scope='module')
def torchvision_file(weights_dir, save_scaled):
    """As published: with the auxiliary head."""
    path = weights_dir / 'inception_v3.pth'
    save_scaled(_plain_inception(1000, aux_logits=True), path)
    return path


def test_the_port_has_the_published_keys(fid_features):
    """It loaded a file strictly; these are places where a port could differ from torchvision's names."""
    keys = fid_features.net.state_dict()
    assert keys['fc.weight'].shape == (1008, 2048)
    assert keys['Mixed_6b.branch7x7dbl_5.conv.weight'].shape == (192, 128, 1, 7)
    assert keys['Mixed_7c.branch_pool.bn.running_var'].shape == (192,)
    assert not any('AuxLogits' in key for key in keys)


def test_features_have_the_stated_shapes(fid_features):
    out = fid_features(torch.rand(1, 3, 40, 40) * 2 - 1)
    assert {key: tuple(value.shape) for key, value in out.items()} == dict(
        pool3=(1, 2048), logits_unbiased=(1, 1008), logits=(1, 1008))


def test_unbiased_logits_lack_just_the_bias(fid_features):
    out = fid_features(torch.rand(1, 3, 40, 40) * 2 - 1)
    torch.testing.assert_close(out['logits_unbiased'], out['pool3'] @ fid_features.net.fc.weight.T)
    torch.testing.assert_close(out['logits'], fid_features.net.fc(out['pool3']))


def test_the_port_resizes_bilinearly_without_antialiasing(fid_features):
    images = torch.rand(1, 3, 320, 310) * 2 - 1
    resized = F.interpolate(images, (299, 299), mode='bilinear', align_corners=False)
    torch.testing.assert_close(fid_features(images)['pool3'], fid_features(resized)['pool3'])


def test_torchvision_form_computes_what_torchvision_computes(torchvision_file):
    features = InceptionV3Features('torchvision', torchvision_file)
    reference = _plain_inception(1000, aux_logits=True, transform_input=True).eval()
    reference.load_state_dict(torch.load(torchvision_file))
    images = torch.rand(1, 3, 299, 299)
    with torch.no_grad():
        expected = reference(normalize(images, IMAGENET_MEAN, IMAGENET_STD))
        out = features(2 * images - 1)
    assert expected.std() > 1e-3
    torch.testing.assert_close(out['logits'], expected, rtol=1e-3, atol=1e-3)


def test_the_two_forms_do_not_take_each_others_files(fid_file, torchvision_file):
    with pytest.raises(WeightsError, match="weights='torchvision'"):
        InceptionV3Features('torchvision', fid_file)
    with pytest.raises(WeightsError, match="weights='fid'"):
        InceptionV3Features('fid', torchvision_file)


def test_an_unknown_form_is_refused():
    with pytest.raises(ConfigError, match='tensorflow.*torchvision'):
        InceptionV3Features('tensorflow')


def test_gradients_reach_the_image_but_no_weight(fid_features):
    images = torch.rand(1, 3, 32, 32, requires_grad=True)
    fid_features(images)['pool3'].sum().backward()
    assert images.grad.abs().sum() > 0
    assert not any(weight.requires_grad or weight.grad is not None for weight in fid_features.parameters())


def test_it_stays_in_eval_mode_within_a_training_model(fid_features):
    torch.nn.ModuleList([fid_features]).train()
    assert not any(module.training for module in fid_features.modules())


def test_the_log_line_names_file_and_resize(fid_features):
    assert 'pt_inception.pth' in fid_features.description
    assert '299x299 without antialiasing' in fid_features.description


BLOCKS = [
    (InceptionA, FIDInceptionA, (8, 8), (224, 232)),
    (InceptionC, FIDInceptionC, (768, 128), (576, 768)),
    (InceptionE, FIDInceptionE, (8,), (1856, 2048)),
    (InceptionE, FIDInceptionEMax, (8,), (1856, 2048)),
]


def _twins(plain_class, fid_class, args):
    torch.manual_seed(0)
    plain, fid = plain_class(*args).eval(), fid_class(*args).eval()
    fid.load_state_dict(plain.state_dict())
    return plain, fid


@pytest.mark.parametrize(('plain_class', 'fid_class', 'args', 'pooled'), BLOCKS)
def test_blocks_of_the_port_differ_in_the_pooled_channels_alone(plain_class, fid_class, args, pooled):
    plain, fid = _twins(plain_class, fid_class, args)
    x = torch.rand(1, args[0], 5, 5)
    before, after = plain(x), fid(x)
    assert after.shape == before.shape == (1, pooled[1], 5, 5)
    torch.testing.assert_close(after[:, :pooled[0]], before[:, :pooled[0]])
    assert (after - before)[:, pooled[0]:].abs().max() > 1e-4


@pytest.mark.parametrize(('plain_class', 'fid_class', 'args', 'pooled'), BLOCKS[:3])
def test_average_pooling_of_the_port_ignores_the_padding(plain_class, fid_class, args, pooled):
    """Inside, both average nine pixels; in the corner of a constant image only torchvision's sees zeros."""
    plain, fid = _twins(plain_class, fid_class, args)
    pool = slice(pooled[0], None)
    x = torch.rand(1, args[0], 5, 5)
    torch.testing.assert_close(fid(x)[:, pool, 1:-1, 1:-1], plain(x)[:, pool, 1:-1, 1:-1])
    constant = fid(torch.ones(1, args[0], 5, 5))[:, pool]
    torch.testing.assert_close(constant, constant[:, :, 2:3, 2:3].expand_as(constant))


def test_the_last_block_of_the_port_takes_the_maximum():
    block = FIDInceptionEMax(8).eval()
    x = torch.zeros(1, 8, 5, 5)
    x[:, :, 2, 2] = 1
    pooled = block(x)[:, 1856:]
    torch.testing.assert_close(pooled[:, :, 1:4, 1:4], pooled[:, :, 2:3, 2:3].expand(-1, -1, 3, 3))
    assert (pooled[:, :, 0, 0] - pooled[:, :, 2, 2]).abs().max() > 1e-4
