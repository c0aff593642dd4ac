"""Inception Score."""
from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from scipy.special import rel_entr, softmax

from ..registry import METRICS
from .common import field_of, log_protocol, rows, split_bounds
from .shared_features import shared_network


def inception_score(probabilities: np.ndarray, splits: int = 10) -> tuple[float, float]:
    r"""Mean and population standard deviation over contiguous splits of

    .. math:: \exp\big(E_x\, KL(p(y|x) \,\|\, p(y))\big)

    (Salimans et al., NIPS 2016), with :math:`p(y)` the mean of the split.

    Args:
        probabilities: (N, classes), each row sums to 1.
        splits: number of splits; split i covers rows ``i * N // S`` to ``(i + 1) * N // S``.

    Raises:
        DataError: fewer rows than splits.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    scores = []
    for start, end in split_bounds(len(probabilities), splits, 'InceptionScore splits'):
        part = probabilities[start:end]
        divergence = rel_entr(part, part.mean(axis=0, keepdims=True)).sum(axis=1)
        scores.append(np.exp(divergence.mean()))
    return float(np.mean(scores)), float(np.std(scores))


@METRICS.register_module()
class InceptionScore(BaseMetric):
    """Inception Score of generated images.

    Splits are drawn from a fixed permutation of the images: a data set is often sorted by
    class, and then contiguous splits would each see few classes.

    Published CUB numbers use an Inception fine-tuned on CUB; give such a network as
    ``network`` to compare with them.

    Args:
        network: config of the feature network; its logits are used.
        splits: number of splits.
        use_bias: take the logits with the classifier's bias. The published scores of the
            2015 graph leave it out.

    Raises:
        WeightsError: the network's file is missing or does not fit.
    """

    default_prefix = 'InceptionScore'

    def __init__(self, network: dict, splits: int = 10, use_bias: bool = False, **base_args) -> None:
        super().__init__(**base_args)
        self.network = shared_network(network)
        self.splits = splits
        self.use_bias = use_bias

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keeps the logits of each fake image."""
        images = field_of(data_samples, 'fake_img', 'The model must generate one.')
        outputs = self.network.on_images(images)
        self.results.extend(rows(outputs['logits' if self.use_bias else 'logits_unbiased']))

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """``mean`` and ``std`` over the splits, and the number of images.

        Raises:
            DataError: fewer images than splits.
        """
        order = np.random.RandomState(0).permutation(len(results))
        logits = np.stack(results).astype(np.float64)[order]
        mean, std = inception_score(softmax(logits, axis=1), self.splits)
        bias = 'with' if self.use_bias else 'without'
        log_protocol(self, f'{self.network.description}; logits {bias} bias; '
                     f'{len(results)} generated images in {self.splits} splits')
        return dict(mean=mean, std=std, num_fake=len(results))
