import math

import pytest
import torch

from genzoo.models.losses import DAMSMLoss, DAMSMSentenceLoss, DAMSMWordsLoss
from genzoo.models.losses.damsm import attend_to_regions, contrast

B, D, SIDE, L = 5, 6, 3, 4
LENGTHS = torch.tensor([4, 1, 3, 2, 4])
CLASSES = torch.tensor([7, 8, 7, 9, 7])


def features(dtype=torch.float32, batch=B):
    generator = torch.Generator().manual_seed(3)
    shapes = dict(regions=(batch, D, SIDE, SIDE), code=(batch, D), words=(batch, D, L), sentence=(batch, D))
    return {name: torch.randn(shape, generator=generator, dtype=dtype) for name, shape in shapes.items()}


def plain_word_similarity(region, word, gamma1, gamma2):
    """R of one image, (D, h, w), and one caption without padding, (D, L)."""
    v = region.flatten(1)
    attention = (gamma1 * (v.T @ word).softmax(dim=1)).softmax(dim=0)
    contexts = v @ attention
    total = 0
    for i in range(word.shape[1]):
        cosine = contexts[:, i] @ word[:, i] / max(contexts[:, i].norm() * word[:, i].norm(), 1e-8)
        total = total + torch.exp(gamma2 * cosine)
    return torch.log(total)


def plain_cross_entropies(scores, class_ids):
    """Of the rows and of the columns of images x captions, written as sums over what counts."""
    losses = [0, 0]
    for i in range(len(scores)):
        counts = [j for j in range(len(scores))
                  if j == i or class_ids is None or class_ids[i] != class_ids[j]]
        for side, line in enumerate((scores[i], scores[:, i])):
            losses[side] = losses[side] + (torch.log(line[counts].exp().sum()) - line[i]) / len(scores)
    return losses


def plain_words_loss(regions, words, lengths, class_ids, gamma1, gamma2, gamma3):
    rows = [torch.stack([plain_word_similarity(regions[j], words[i, :, :lengths[i]], gamma1, gamma2)
                         for i in range(len(words))]) for j in range(len(regions))]
    return plain_cross_entropies(gamma3 * torch.stack(rows), class_ids)


@pytest.mark.parametrize('class_ids', [None, CLASSES])
def test_words_loss_equals_a_loop_over_captions(class_ids):
    data = features(torch.float64)
    inputs = data['regions'].requires_grad_(), data['words'].requires_grad_()
    loss = DAMSMWordsLoss(4., 3., 2.)(*inputs, LENGTHS, class_ids)
    expected = plain_words_loss(*inputs, LENGTHS, class_ids, 4., 3., 2.)
    for ours, plain in zip(loss, expected):
        torch.testing.assert_close(ours, plain)
        for mine, theirs in zip(torch.autograd.grad(ours, inputs, retain_graph=True),
                                torch.autograd.grad(plain, inputs, retain_graph=True)):
            torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize('class_ids', [None, CLASSES])
def test_sentence_loss_equals_a_loop_over_pairs(class_ids):
    code, sentence = (features(torch.float64)[name] for name in ('code', 'sentence'))
    scores = torch.stack([torch.stack([a @ b / (a.norm() * b.norm()) for b in sentence]) for a in code])
    expected = plain_cross_entropies(10 * scores, class_ids)
    torch.testing.assert_close(list(DAMSMSentenceLoss(10.)(code, sentence, class_ids)), expected)


def test_attention_is_normalised_over_words_first_and_then_over_regions():
    attention = attend_to_regions(torch.randn(2, 9, 4), gamma1=5.)
    torch.testing.assert_close(attention.sum(1), torch.ones(2, 4))
    # With one word the first softmax leaves no difference between regions.
    torch.testing.assert_close(attend_to_regions(torch.randn(1, 9, 1), 5.), torch.full((1, 9, 1), 1 / 9))


def test_padding_words_change_nothing_and_get_no_gradient():
    data = features()
    padding = torch.arange(L)[None, None] >= LENGTHS[:, None, None]
    losses = []
    for filling in (0., 1e3, -7.):
        words = data['words'].masked_fill(padding, filling)
        longer = torch.cat([words, torch.full((B, D, 3), filling)], dim=2).requires_grad_()
        loss = sum(DAMSMWordsLoss()(data['regions'], longer, LENGTHS, CLASSES))
        loss.backward()
        assert longer.grad[..., :L].masked_select(padding).eq(0).all()
        assert longer.grad[..., L:].eq(0).all()
        losses.append(loss)
    losses.append(sum(DAMSMWordsLoss()(data['regions'], data['words'], LENGTHS, CLASSES)))
    torch.testing.assert_close(torch.stack(losses), losses[0].expand(4))


def test_distinct_classes_mask_nothing():
    data = features()
    with_ids = DAMSMLoss()(**data, lengths=LENGTHS, class_ids=torch.arange(B) + 40)
    without = DAMSMLoss()(**data, lengths=LENGTHS)
    assert with_ids == without


def test_batch_of_one_class_has_nothing_to_contrast():
    data = {name: value.requires_grad_() for name, value in features().items()}
    losses = DAMSMLoss()(**data, lengths=LENGTHS, class_ids=torch.full((B,), 3))
    sum(losses.values()).backward()
    assert all(loss == 0 for loss in losses.values())
    assert all(value.grad.eq(0).all() for value in data.values())


def test_equal_captions_cannot_be_told_apart():
    data = features()
    for name in ('words', 'sentence'):
        data[name] = data[name][:1].expand_as(data[name])
    image_to_caption, _ = DAMSMWordsLoss()(data['regions'], data['words'], torch.full((B,), L))
    assert image_to_caption.item() == pytest.approx(math.log(B), rel=1e-5)
    image_to_caption, _ = DAMSMSentenceLoss()(data['code'], data['sentence'])
    assert image_to_caption.item() == pytest.approx(math.log(B), rel=1e-5)


def test_order_of_the_batch_does_not_matter():
    data, order = features(), torch.tensor([3, 0, 4, 1, 2])
    loss = DAMSMLoss()(**data, lengths=LENGTHS, class_ids=CLASSES)
    shuffled = DAMSMLoss()(**{name: value[order] for name, value in data.items()}, lengths=LENGTHS[order],
                           class_ids=CLASSES[order])
    torch.testing.assert_close(loss, shuffled)


def test_parts_and_weight_are_as_asked():
    data = features()
    both = DAMSMLoss(4., 5., 10.)(**data, lengths=LENGTHS)
    words = DAMSMWordsLoss(4., 5., 10.)(data['regions'], data['words'], LENGTHS)
    torch.testing.assert_close(both['loss_words'], sum(words))
    torch.testing.assert_close(both['loss_sentence'],
                               sum(DAMSMSentenceLoss(10.)(data['code'], data['sentence'])))
    weighted = DAMSMLoss(4., 5., 10., loss_weight=.05, use_sent=False)(**data, lengths=LENGTHS)
    torch.testing.assert_close(weighted, dict(loss_words=.05 * both['loss_words']))
    assert list(DAMSMLoss(use_words=False)(**data, lengths=LENGTHS)) == ['loss_sentence']


def test_loss_is_float32_under_autocast():
    data = {name: value.bfloat16() for name, value in features().items()}
    exact = DAMSMLoss()(**{name: value.float() for name, value in data.items()}, lengths=LENGTHS)
    with torch.autocast('cpu', torch.bfloat16):
        loss = DAMSMLoss()(**data, lengths=LENGTHS)
    assert {value.dtype for value in loss.values()} == {torch.float32}
    assert loss == exact


def test_vectors_of_length_zero_give_finite_losses_and_gradients():
    data = {name: torch.zeros_like(value).requires_grad_() for name, value in features().items()}
    total = sum(DAMSMLoss()(**data, lengths=LENGTHS).values())
    total.backward()
    assert total.isfinite()
    assert all(value.grad.isfinite().all() for value in data.values())


def test_gradients_are_those_of_finite_differences():
    data = {name: value.requires_grad_() for name, value in features(torch.float64, batch=3).items()}
    lengths, classes = torch.tensor([4, 2, 1]), torch.tensor([1, 2, 1])
    assert torch.autograd.gradcheck(lambda r, w: sum(DAMSMWordsLoss(2., 2., 2.)(r, w, lengths, classes)),
                                    (data['regions'], data['words']))
    assert torch.autograd.gradcheck(lambda c, s: sum(DAMSMSentenceLoss(2.)(c, s, classes)),
                                    (data['code'], data['sentence']))


def test_masking_leaves_the_scores_of_the_caller_alone():
    scores = torch.ones(2, 2)
    contrast(scores, torch.zeros(2))
    assert scores.eq(1).all()
