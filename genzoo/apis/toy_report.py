"""What the toy run of SSA-GAN has learnt: attributes, retrieval and masks."""
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import Tensor

from ..datasets import zoo_collate
from ..evaluation import change_inside_foreground, relative_change
from ..registry import DATASETS, METRICS
from ..utils.shapes import ATTRIBUTES, CAPTIONS, COLOURS
from .config import load_config
from .model import init_model

CHANCE = {name: 1 / len(values) for name, values in ATTRIBUTES.items() if name != 'shape'}
CHANCE['caption_top1'] = 1 / len(CAPTIONS)


def ssagan_toy_report(config: str | Path | Config, checkpoint: str | Path, seed: int = 0) -> dict[str, float]:
    """Judges a toy generator by the criteria of its README.

    Args:
        config: ``configs/ssagan/ssagan_toy.py`` or one of its ablations.
        checkpoint: of a run of it.
        seed: of the noise.

    Returns:
        What :class:`~genzoo.evaluation.ShapesAttributes` measures over each caption twice, and

        * ``change_inside``: share of images for which at least 60 % of the squared change lies inside
          the foregrounds when the caption's colour word is replaced under the same noise;
        * ``change_inside_mean``: that share of the squared change, mean over images;
        * ``mask_effect``: relative L2 change of the image when each mask is replaced by its mean.
    """
    config = config if isinstance(config, Config) else load_config(config)
    model = init_model(config, checkpoint, 'cpu')
    torch.manual_seed(seed)
    report = _attributes(model, config)
    inside = _recoloured(model, seed)
    return report | dict(change_inside=float((inside >= 0.6).mean()), change_inside_mean=float(inside.mean()),
                         mask_effect=float(_flattened(model, seed).mean()))


def _attributes(model: BaseModel, config: Config) -> dict[str, float]:
    dataset = DATASETS.build(config.val_dataloader.dataset)
    metric = METRICS.build(config.val_evaluator[0])
    size = config.val_dataloader.batch_size
    for start in range(0, len(dataset), size):
        batch = zoo_collate([dataset[i] for i in range(start, min(start + size, len(dataset)))])
        metric.process(batch, [sample.to_dict() for sample in model.val_step(batch)])
    return {key.rpartition('/')[2]: value for key, value in metric.evaluate(len(dataset)).items()}


def _inputs(model: BaseModel, captions: list[str], seed: int) -> dict[str, Tensor]:
    words = model.dataset_meta['vocabulary']
    ids = torch.tensor([[words.index(word) for word in caption.split()] for caption in captions])
    noise = torch.randn(len(captions), model.network('generator').noise_size,
                        generator=torch.Generator().manual_seed(seed))
    return dict(caption_ids=ids, caption_length=torch.full((len(ids),), ids.shape[1]), noise=noise)


def _recoloured(model: BaseModel, seed: int):
    """Share of the change inside the foregrounds, (108,), when the colour word is the next one."""
    colours = list(COLOURS)
    following = dict(zip(colours, colours[1:] + colours[:1]))
    others = [' '.join(following.get(word, word) for word in caption.split()) for caption in CAPTIONS]
    before, after = (
        torch.stack([sample.fake_img for sample in model.val_step(
            dict(inputs=_inputs(model, captions, seed), data_samples=None))]).numpy()
        for captions in (CAPTIONS, others))
    return change_inside_foreground(before, after)


@torch.no_grad()
def _flattened(model: BaseModel, seed: int) -> Tensor:
    """Relative change of each image, (108,), when its masks are replaced by their means."""
    inputs = _inputs(model, CAPTIONS, seed)
    generator = model.network('generator')
    _, sentence = model.text_encoder(inputs['caption_ids'], inputs['caption_length'])
    before = generator(inputs['noise'], sentence)['fake_img']
    after = generator(inputs['noise'], sentence,
                      mask_fn=lambda mask: mask.mean((2, 3), keepdim=True).expand_as(mask))['fake_img']
    return relative_change(before, after)
