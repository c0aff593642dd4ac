"""Files of random weights under the published names, in a cache of their own."""
import pytest
import torch
import torchvision


def save_scaled(module: torch.nn.Module, path) -> None:
    """Random weights at which signals neither vanish nor explode, and biases that are not zero."""
    generator = torch.Generator().manual_seed(1)
    state = module.state_dict()
    for key, value in state.items():
        if value.dim() > 1:
            value.normal_(std=(2 / value[0].numel()) ** 0.5, generator=generator)
        elif key.endswith('bias'):
            value.normal_(std=0.1, generator=generator)
    torch.save(state, path)


@pytest.fixture(scope='session', name='save_scaled')
def _save_scaled():
    return save_scaled


@pytest.fixture(scope='session')
def weights_dir(tmp_path_factory):
    return tmp_path_factory.mktemp('weights')


@pytest.fixture(scope='session')
def alexnet_file(weights_dir):
    path = weights_dir / 'alexnet.pth'
    net = torch.nn.ModuleDict(dict(features=torchvision.models.alexnet(weights=None).features))
    save_scaled(net, path)
    return path


@pytest.fixture(scope='session')
def vgg16_file(weights_dir):
    path = weights_dir / 'vgg16.pth'
    vgg = torchvision.models.vgg16(weights=None, init_weights=False)
    save_scaled(torch.nn.ModuleDict(dict(features=vgg.features)), path)
    return path


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty torch hub; returns its folder of checkpoints."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    folder = tmp_path / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    return folder
