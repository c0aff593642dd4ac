import pytest
import torch

from genzoo.errors import DataError
from genzoo.evaluation import PatchRetrieval


def unit(seed, count=16, size=8):
    values = torch.randn(count, size, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(values, dim=-1)


def evaluate(pairs, **settings):
    metric = PatchRetrieval(num_patches=16, **settings)
    metric.process(None, [dict(key=str(i), patches_a=a, patches_b=b) for i, (a, b) in enumerate(pairs)])
    return metric.evaluate(len(pairs))


def test_equal_patches_find_each_other():
    assert evaluate([(unit(0), unit(0)), (unit(1), unit(1))])['PatchRetrieval/top1'] == 1


def test_shifted_patches_do_not():
    assert evaluate([(unit(0), unit(0).roll(1, 0))])['PatchRetrieval/top1'] == 0


def test_part_of_them_counts_as_that_part():
    swapped = torch.cat([unit(0)[:12], unit(0)[12:].roll(1, 0)])
    assert evaluate([(unit(0), unit(0)), (unit(0), swapped)])['PatchRetrieval/top1'] == pytest.approx(28 / 32)


def test_weights_follow_the_similarity_if_hard_and_go_against_it_if_easy():
    result = evaluate([(unit(0), unit(0))], eps=1.0)
    assert result['PatchRetrieval/hard_correlation'] > 0.9
    assert result['PatchRetrieval/easy_correlation'] < -0.9


def test_a_model_without_patches_is_named():
    with pytest.raises(DataError, match='it has no patches_a. The model must be PatchCorrespondence'):
        PatchRetrieval().process(None, [dict(key='x')])
