"""Where the files of frozen feature networks lie: a given path, or torch hub's cache; never a download."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ...errors import ConfigError, WeightsError
from ...utils import load_state_dict, open_checkpoint, require_file


@dataclass(frozen=True)
class PublishedWeights:
    """A published file of weights.

    Args:
        file_name: the name under which it is published and cached.
        source: who publishes it, for people.
    """

    file_name: str
    source: str


_TORCHVISION = 'torchvision (https://download.pytorch.org/models/)'

FEATURE_WEIGHTS = {
    'inception_v3': PublishedWeights('inception_v3_google-0cc3c7bd.pth', _TORCHVISION),
    'inception_v3_fid': PublishedWeights(
        'pt_inception-2015-12-05-6726825d.pth',
        'the GitHub project mseitzer/pytorch-fid (release "fid_weights")'),
    'vgg16': PublishedWeights('vgg16-397923af.pth', _TORCHVISION),
    'vgg19': PublishedWeights('vgg19-dcbb9e9d.pth', _TORCHVISION),
    'alexnet': PublishedWeights('alexnet-owt-7be5be79.pth', _TORCHVISION),
}


def feature_weights_path(name: str, path: str | Path | None = None) -> Path:
    """The file that holds the weights ``name``.

    Args:
        name: a key of ``FEATURE_WEIGHTS``.
        path: an explicit file; by default torch hub's cache of checkpoints is looked into.

    Raises:
        ConfigError: the name is unknown.
        WeightsError: the file is not there; says which one, who publishes it and where to put it.
    """
    if name not in FEATURE_WEIGHTS:
        raise ConfigError(f'feature weights {name!r}: unknown. Allowed: {", ".join(FEATURE_WEIGHTS)}.')
    published = FEATURE_WEIGHTS[name]
    cached = Path(torch.hub.get_dir()) / 'checkpoints' / published.file_name
    remedy = (f'Fetch {published.file_name} from {published.source} and put it there' if path is None else
              f'{published.source} publishes it as {published.file_name}; correct `path`, '
              f'or leave it out and put the file at {cached}')
    return require_file(cached if path is None else path, f'the file of weights {name!r}', f'{remedy}; '
                        'nothing is downloaded by itself.', WeightsError)


def load_feature_weights(name: str, path: str | Path | None = None) -> dict[str, Tensor]:
    """The state dict ``name``, on the CPU; batch norm counters that the file lacks are zero.

    Args:
        name: a key of ``FEATURE_WEIGHTS``.
        path: an explicit file; by default torch hub's cache of checkpoints is looked into.

    Raises:
        ConfigError: the name is unknown.
        WeightsError: the file is missing, broken, or not a state dict.
    """
    file = feature_weights_path(name, path)
    state = open_checkpoint(file)
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f'{file}: not a state dict (names and tensors). '
                           f'Expected {FEATURE_WEIGHTS[name].file_name} as published.')
    # Files older than batch norm's counter are still around.
    counters = {key.replace('running_var', 'num_batches_tracked'): torch.tensor(0)
                for key in state if key.endswith('running_var')}
    return {**counters, **state}


def build_and_fill(factory: Callable[[], nn.Module], state: Mapping[str, Tensor], source: str | Path,
                   remedy: str = '') -> nn.Module:
    """``factory()`` with the weights ``state``, strictly; no random number is drawn on the way.

    Raises:
        WeightsError: keys or shapes do not fit.
    """
    with torch.device('meta'):
        module = factory()
    module.to_empty(device='cpu')
    load_state_dict(module, state, str(source), remedy)
    return module
