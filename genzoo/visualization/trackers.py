"""mmengine's Weights & Biases and MLflow backends, with a word about what keeps them from starting."""
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mmengine.visualization import vis_backend

from ..errors import ConfigError
from ..registry import VISBACKENDS


@contextmanager
def _starting(backend: str, package: str, remedy: str) -> Iterator[None]:
    """Turns what goes wrong when a tracker starts into one line."""
    place = f'visualizer.vis_backends: {backend}'
    try:
        yield
    except ImportError as error:
        raise ConfigError(f'{place} needs the package {package}, which cannot be imported. Run '
                          f'`pip install {package}`, or take it out of visualizer.vis_backends.') from error
    except Exception as error:  # a login, a server, a folder: anything can come out of a tracker
        raise ConfigError(f'{place} does not start ({str(error).strip() or type(error).__name__}). {remedy}') from error


@VISBACKENDS.register_module()
class WandbVisBackend(vis_backend.WandbVisBackend):
    """Curves and sample sheets to Weights & Biases; offline, they wait in the work dir for ``wandb sync``.

    Args:
        kwargs: mmengine's, e.g. ``init_kwargs=dict(project='genzoo', mode='offline')``.

    Raises:
        ConfigError: wandb is not installed, or does not start; at the start of a run.
    """

    def _init_env(self) -> None:
        with _starting('WandbVisBackend', 'wandb', "Run `wandb login`, or set init_kwargs=dict(mode='offline')."):
            super()._init_env()


@VISBACKENDS.register_module()
class MLflowVisBackend(vis_backend.MLflowVisBackend):
    """Curves and sample sheets to MLflow.

    Without ``tracking_uri`` it writes where MLflow itself would: to ``MLFLOW_TRACKING_URI`` or
    MLflow's default, not into the run's own folder as mmengine does, since runs are to be
    compared. A sample sheet becomes the artifact ``<name>/<iteration>.png``.

    Args:
        kwargs: mmengine's, e.g. ``tracking_uri='sqlite:///work_dirs/mlflow.db'``.

    Raises:
        ConfigError: mlflow is not installed, or does not start; at the start of a run.
    """

    def _init_env(self) -> None:
        with _starting('MLflowVisBackend', 'mlflow', 'Set its tracking_uri, e.g. sqlite:///work_dirs/mlflow.db.'):
            import mlflow
            self._tracking_uri = self._tracking_uri or mlflow.get_tracking_uri()
            super()._init_env()

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs) -> None:
        """
        Args:
            name: of the picture.
            image: (H, W, 3) uint8, RGB.
            step: the iteration.
            kwargs: for mmengine's signature.
        """
        super().add_image(f'{name}/{step:06d}.png', image, step, **kwargs)
