"""Adapters of Styleformer's golden cases."""
import numpy as np
import torch
from scipy.special import softmax


def metrics_from_features(case):
    from genzoo.evaluation import (
        feature_statistics,
        frechet_distance,
        inception_score,
        kernel_distance,
        precision_recall,
    )
    h, arrays = case['hyper'], case['input_arrays']
    real, fake = arrays['real'], arrays['gen'] * np.float32(1.3) + np.float32(.4)
    fid = frechet_distance(*feature_statistics(fake, unbiased=False), *feature_statistics(real, unbiased=False))
    kid, _ = kernel_distance(real, fake, h['kid_subsets'], h['kid_max_subset_size'])
    precision, recall = precision_recall(torch.from_numpy(real), torch.from_numpy(fake), h['nhood_size'])
    mean, std = inception_score(softmax(2 * arrays['logits'], axis=1), h['is_splits'])
    return dict(fid=fid, kid=kid, precision=precision, recall=recall, is_mean=mean, is_std=std)
