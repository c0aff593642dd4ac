"""What all inferencers share."""
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ...errors import WeightsError
from ...utils import require_file
from ..model import init_model


class Inferencer:
    """A trained model behind one call, for Python and for the command line.

    ``tools/infer.py`` makes a subcommand of each subclass that is registered in
    ``INFERENCERS``: the parameters of its constructor and of its :meth:`stream`, their types
    and what their docstrings say become the options and their help.

    Args:
        config: config file of the model.
        checkpoint: its weights.
        device: ``auto``, ``cpu``, ``cuda``, ...

    Raises:
        ConfigError, WeightsError: see :func:`~genzoo.apis.init_model`.
    """

    slug = ''
    """The paper's name, which is that of the subcommand."""

    def __init__(self, config: str | Path, checkpoint: str | Path, device: str = 'auto') -> None:
        require_file(checkpoint, f'the file of {self.slug} weights',
                     'Give --checkpoint: weights of your own training, a shipped one of checkpoints/ with its '
                     '--config, or released files after tools/convert_checkpoint.py.', WeightsError)
        self.model = init_model(config, checkpoint, device)
        self.checkpoint = str(checkpoint)

    @property
    def device(self):
        """Where the model is."""
        return next(self.model.parameters()).device

    @abstractmethod
    def stream(self, *args, **options) -> Iterator[dict]:
        """The results one by one, each written as it comes; none is kept."""

    def __call__(self, *args, **options) -> list[dict]:
        """All results of :meth:`stream`, which has the same parameters, in a list."""
        return list(self.stream(*args, **options))


def batches(items: Sequence, size: int) -> Iterable[Sequence]:
    """``items`` in pieces of at most ``size``."""
    return (items[start:start + size] for start in range(0, len(items), size))
