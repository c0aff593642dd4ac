import pytest
import torch

from genzoo.errors import ConfigError, WeightsError
from genzoo.models.features import (
    FEATURE_WEIGHTS,
    LPIPS,
    InceptionV3Features,
    VGGFeatures,
    feature_weights_path,
    load_feature_weights,
)
from genzoo.models.features.weights import build_and_fill


@pytest.mark.parametrize(('build', 'file_name'), [
    (lambda: InceptionV3Features(), 'pt_inception-2015-12-05-6726825d.pth'),
    (lambda: InceptionV3Features('torchvision'), 'inception_v3_google-0cc3c7bd.pth'),
    (lambda: VGGFeatures(['relu1_1']), 'vgg19-dcbb9e9d.pth'),
    (lambda: VGGFeatures(['relu1_1'], depth=16), 'vgg16-397923af.pth'),
    (lambda: LPIPS('alex'), 'alexnet-owt-7be5be79.pth'),
    (lambda: LPIPS('vgg'), 'vgg16-397923af.pth'),
])
def test_missing_weights_are_named_with_source_and_place_in_one_line(hub, build, file_name):
    with pytest.raises(WeightsError) as caught:
        build()
    message = str(caught.value)
    assert str(hub / file_name) in message
    assert 'torchvision' in message or 'pytorch-fid' in message
    assert '\n' not in message


def test_nothing_is_fetched_when_weights_are_missing(hub, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError('a download was tried')
    monkeypatch.setattr(torch.hub, 'download_url_to_file', refuse)
    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', refuse)
    with pytest.raises(WeightsError):
        LPIPS('alex')
    assert list(hub.iterdir()) == []


def test_a_missing_explicit_path_is_named_even_if_the_cache_has_the_file(hub):
    torch.save({}, hub / FEATURE_WEIGHTS['vgg19'].file_name)
    with pytest.raises(WeightsError, match='nowhere/vgg.pth'):
        load_feature_weights('vgg19', 'nowhere/vgg.pth')


def test_the_hub_cache_is_found(hub):
    file = hub / FEATURE_WEIGHTS['vgg19'].file_name
    torch.save({'features.0.weight': torch.ones(1)}, file)
    assert feature_weights_path('vgg19') == file
    assert load_feature_weights('vgg19')['features.0.weight'] == 1


def test_old_files_without_batch_norm_counters_get_them(tmp_path):
    torch.save({'bn.running_var': torch.ones(2)}, tmp_path / 'old.pth')
    state = load_feature_weights('inception_v3', tmp_path / 'old.pth')
    assert state['bn.num_batches_tracked'] == 0


def test_a_file_that_is_no_state_dict_is_refused(tmp_path):
    torch.save({'state_dict': {}}, tmp_path / 'other.pth')
    with pytest.raises(WeightsError, match='other.pth.*not a state dict'):
        load_feature_weights('vgg19', tmp_path / 'other.pth')


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match='vgg91.*vgg19'):
        load_feature_weights('vgg91')


def test_weights_of_another_network_are_refused(alexnet_file):
    with pytest.raises(WeightsError, match='alexnet.pth.*vgg19'):
        VGGFeatures(['relu1_1'], path=alexnet_file)


def test_building_draws_no_random_number():
    before = torch.get_rng_state()
    source = torch.nn.Linear(2, 2, bias=False).state_dict()
    torch.set_rng_state(before)
    build_and_fill(lambda: torch.nn.Linear(2, 2, bias=False), source, 'file')
    assert torch.equal(before, torch.get_rng_state())
