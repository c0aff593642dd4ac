"""Feature maps of any network, taken where its layers put them out."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...errors import ConfigError, WeightsError
from ...registry import MODELS
from ...utils import load_state_dict, nearest, open_checkpoint, require_file
from .frozen import FrozenFeatures, ImageNetNormalize, fill_randomly


@MODELS.register_module()
class HookedFeatures(FrozenFeatures):
    """Feature maps of named layers of a frozen network that was not made for it.

    The maps' :meth:`dict.values` are what :class:`~genzoo.models.monce.PatchSampler` takes; as ``features`` of
    :class:`~genzoo.models.losses.MoNCEVGGLoss` it takes VGG's place.

    Args:
        backbone: a network that takes images (N, 3, H, W), or its config; ``type`` may be the path of a function or
            class, e.g. ``'torchvision.models.resnet18'``.
        layers: their names in :meth:`torch.nn.Module.named_modules`, e.g. ``'layer1.0.conv2'``; of a layer that runs
            several times the last output.
        normalize: standardise by ImageNet's mean and deviation, as torchvision's networks were trained.
        path: state dict of the backbone; ``'random'`` for fixed random weights, for tests and toy runs; None for the
            weights that it comes with, which no checkpoint of a loss keeps.

    Raises:
        ConfigError: there are no layers, or one does not exist.
        WeightsError: the file is missing, broken or belongs to another network.
    """

    def __init__(self, backbone: dict | nn.Module, layers: Sequence[str], normalize: bool = True,
                 path: str | Path | None = None) -> None:
        super().__init__()
        self.backbone = backbone if isinstance(backbone, nn.Module) else MODELS.build(backbone)
        self.layers = (layers,) if isinstance(layers, str) else tuple(layers)
        self._require_layers()
        self.normalize = ImageNetNormalize() if normalize else None
        self._fill(path)
        self.description = (f'{type(self.backbone).__name__} {path or "as built"}, layers {", ".join(self.layers)}, '
                            'no resize')
        self.freeze()

    def _require_layers(self) -> None:
        names = [name for name, _ in self.backbone.named_modules() if name]
        wrong = next((layer for layer in self.layers if layer not in names), None)
        if wrong is not None:
            raise ConfigError(f'HookedFeatures: {type(self.backbone).__name__} has no layer {wrong!r}. Did you mean '
                              f'{nearest(str(wrong), names)!r}? named_modules() lists all.')
        if not self.layers:
            raise ConfigError('HookedFeatures: layers is empty. Name one or more of the backbone.')

    def _fill(self, path: str | Path | None) -> None:
        if path == 'random':
            fill_randomly(self.backbone)
        elif path is not None:
            file = require_file(path, 'the file of the backbone\'s weights', 'Correct `path`.', WeightsError)
            load_state_dict(self.backbone, open_checkpoint(file), str(file), 'Expected its state dict.')

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """
        Args:
            images: (N, 3, H, W), RGB, in [-1, 1].

        Returns:
            One feature map (N, C, h, w) a layer, under its name, in the order given.

        Raises:
            ConfigError: a layer was not run, or puts out no feature map.
        """
        if self.normalize is not None:
            images = self.normalize(images)
        with self._collected() as found:
            self.backbone(images)
        for layer in self.layers:
            if getattr(found.get(layer), 'ndim', 0) != 4:
                raise ConfigError(f'HookedFeatures: layer {layer!r} of {type(self.backbone).__name__} put out '
                                  f'{_described(found.get(layer))}, expected (N, C, h, w). Name another layer.')
        return {layer: found[layer] for layer in self.layers}

    @contextmanager
    def _collected(self) -> Iterator[dict[str, Any]]:
        """While this lasts the outputs of the layers are put into the dict; nothing stays behind, not even hooks."""
        found: dict[str, Any] = {}
        handles = [self.backbone.get_submodule(layer).register_forward_hook(partial(_keep, found, layer))
                   for layer in self.layers]
        try:
            yield found
        finally:
            for handle in handles:
                handle.remove()


def _keep(found: dict[str, Any], layer: str, module: nn.Module, inputs: Any, output: Any) -> None:
    # A copy: the next layer may work in place, as the ReLU and the sum of torchvision's residual blocks do.
    found[layer] = output.clone() if isinstance(output, Tensor) else output


def _described(output: Any) -> str:
    if output is None:
        return 'nothing'
    return f'a tensor {tuple(output.shape)}' if isinstance(output, Tensor) else f'a {type(output).__name__}'
