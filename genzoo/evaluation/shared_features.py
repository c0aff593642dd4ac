"""Networks that metrics look through: one instance a config, one pass a batch.

FID and Inception Score see the same images through the same network. They are separate
metrics, so they share through this module: equal configs give the same
:class:`SharedNetwork`, and it remembers its last batches: fake and real images, what the
network and the cache gave for them.
"""
import hashlib
import json
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from mmengine.device import get_device
from torch import Tensor

from ..registry import MODELS

# Weak: a network lives as long as some metric uses it, and no longer.
_NETWORKS: 'weakref.WeakValueDictionary[str, SharedNetwork]' = weakref.WeakValueDictionary()


class _Batch:
    """Recognises a batch of tensors later, without keeping it alive.

    A weak reference to each tensor cannot be fooled by a new tensor at an old address, and
    a tensor's version counts its in-place changes.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.references = [weakref.ref(tensor) for tensor in tensors]
        self.versions = [tensor._version for tensor in tensors]

    def is_still(self, tensors: Sequence[Tensor]) -> bool:
        return len(tensors) == len(self.references) and all(
            reference() is tensor and version == tensor._version
            for reference, version, tensor in zip(self.references, self.versions, tensors))


def to_unit_range(images: Sequence[Tensor], device: str) -> Tensor:
    """Images (3, H, W) uint8 of one size as one batch (N, 3, H, W), float32 in [-1, 1]."""
    return torch.stack(list(images)).to(device).float() / 127.5 - 1


class SharedNetwork:
    """A frozen network with a memory of its last batches.

    Args:
        config: what ``MODELS`` builds the network from.

    Attributes:
        description: one line for logs: the network, its file and resize where it tells them.
    """

    def __init__(self, config: dict) -> None:
        self._config = dict(config)
        # The initialisation is overwritten by loaded weights; the training run must not notice it.
        with torch.random.fork_rng(devices=[]):
            network = MODELS.build(dict(config))
        self.device = get_device()
        self.network = network.requires_grad_(False).eval().to(self.device)
        self.description = getattr(network, 'description', None) or _describe(config)
        self._memory: deque[tuple[str, _Batch, Any]] = deque(maxlen=6)

    def on_images(self, images: Sequence[Tensor]) -> Any:
        """The network's output for a batch of images.

        Args:
            images: each (3, H, W) uint8, RGB, all of one size.

        Returns:
            What the network returns for (N, 3, H, W) in [-1, 1], on :attr:`device`.
        """
        return self.remembered('output', images, lambda: self.network(to_unit_range(images, self.device)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what the network computes with: its type and settings, its description and its tensors."""
        settings = {key: value for key, value in self._config.items() if key not in ('path', 'pretrained')}
        digest = hashlib.sha256(json.dumps([settings, self.description], sort_keys=True, default=str).encode())
        for name, tensor in self.network.state_dict().items():
            digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}'.encode())
            digest.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    @torch.no_grad()
    def run(self, *inputs: Tensor) -> Any:
        """The network's output for ``inputs``, which are moved to its device; not remembered."""
        return self.network(*(tensor.to(self.device) for tensor in inputs))

    @torch.no_grad()
    def remembered(self, kind: str, tensors: Sequence[Tensor], compute: Callable[[], Any]) -> Any:
        """``compute()``, or what it gave when ``kind`` was last asked for these unchanged tensors.

        Args:
            kind: a name for what is computed.
            tensors: of a batch.
            compute: called without arguments and without gradients.
        """
        if any(tensor.is_inference() for tensor in tensors):
            return compute()  # such tensors do not count their changes
        for of_kind, batch, output in self._memory:
            if of_kind == kind and batch.is_still(tensors):
                return output
        output = compute()
        self._memory.append((kind, _Batch(tensors), output))
        return output


def _describe(config: dict) -> str:
    weights = config.get('pretrained') or config.get('path')
    return f'{config["type"]} ({weights or "no file of weights given"})'


def shared_network(config: dict) -> SharedNetwork:
    """The one network of this config; built when no metric holds it yet.

    Args:
        config: what ``MODELS`` builds the network from.

    Raises:
        WeightsError: its file of weights is missing or does not fit.
    """
    name = json.dumps(config, sort_keys=True, default=str)
    network = _NETWORKS.get(name)
    if network is None:
        network = _NETWORKS[name] = SharedNetwork(config)
    return network
