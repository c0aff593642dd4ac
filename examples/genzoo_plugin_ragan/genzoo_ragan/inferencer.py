"""The trained model behind one call: ``tools/infer.py ragan``."""
from collections.abc import Iterator
from pathlib import Path

import torch

from genzoo.apis import Inferencer
from genzoo.errors import ConfigError
from genzoo.registry import INFERENCERS
from genzoo.utils import refuse_existing
from genzoo.visualization import save_image


@INFERENCERS.register_module()
class RaGANInferencer(Inferencer):
    """Pictures from noise, with the relativistic GAN.

    Args:
        config: config file of the model.
        checkpoint: its weights, of your own training.
        device: auto, cpu, cuda, ...
    """

    slug = 'ragan'

    def __init__(self, config: Path, checkpoint: Path, device: str = 'auto') -> None:
        super().__init__(config, checkpoint, device)

    def stream(self, num: int = 1, seed: int = 0, out_dir: Path | None = None,
               overwrite: bool = False) -> Iterator[dict]:
        """
        Args:
            num: pictures to draw.
            seed: of the noise.
            out_dir: where PNG files go. Without it, from Python, nothing is written.
            overwrite: replace files of an earlier call.

        Yields:
            One dict a picture: ``image`` (3, 16, 16) uint8, and ``path`` if it was written.

        Raises:
            ConfigError: ``num`` is not positive, or a file exists already.
        """
        if num < 1:
            raise ConfigError(f'--num {num}: must be at least 1')
        paths = [None if out_dir is None else Path(out_dir) / f'{number:04d}.png' for number in range(num)]
        if out_dir is not None:
            Path(out_dir).mkdir(parents=True, exist_ok=True)
            refuse_existing(paths, overwrite, 'Choose another --out-dir or give --overwrite.')
        noise = torch.randn(num, self.model.network('generator').noise_size,
                            generator=torch.Generator().manual_seed(seed))
        for path, sample in zip(paths, self.model.val_step(dict(inputs=dict(noise=noise)))):
            if path is not None:
                save_image(sample.fake_img, path)
            yield dict(image=sample.fake_img) if path is None else dict(image=sample.fake_img, path=path)
