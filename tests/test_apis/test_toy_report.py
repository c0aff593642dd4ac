import pytest

from genzoo.apis.toy_report import CHANCE, ssagan_toy_report

SHIPPED = 'checkpoints/ssagan_toy.pth'


def test_shipped_weights_meet_the_criteria_of_their_readme():
    report = ssagan_toy_report('configs/ssagan/ssagan_toy.py', SHIPPED)
    assert report['colour'] >= 0.85
    assert report['background'] >= 0.95
    assert report['size'] >= 0.75
    assert report['caption_top1'] >= report['caption_top1_real'] - 0.05
    assert report['mask_correlation'] >= 0.3
    assert report['change_inside_mean'] >= 0.6
    assert report['mask_effect'] >= 0.05


def test_without_text_nothing_but_chance_is_left():
    report = ssagan_toy_report('configs/ssagan/ssagan_toy_no-text.py', SHIPPED)
    assert report['change_inside_mean'] == 0
    for name, chance in CHANCE.items():
        assert report[name] <= chance + 0.1


def test_constant_masks_have_no_effect_and_no_correlation():
    report = ssagan_toy_report('configs/ssagan/ssagan_toy_no-mask.py', SHIPPED)
    assert report['mask_effect'] == 0
    assert report['mask_correlation'] == report['mask_correlation_previous'] == 0


def test_chance_is_one_over_the_number_of_answers():
    assert pytest.approx(dict(size=1 / 2, colour=1 / 6, background=1 / 3, caption_top1=1 / 108)) == CHANCE
