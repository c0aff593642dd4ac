import pytest
import torch

from genzoo.apis import load_config
from genzoo.apis.model import without_weight_files
from genzoo.apis.toy_report import CHANCE, ssagan_toy_report
from genzoo.registry import MODELS
from genzoo.utils.shapes import CAPTIONS


@pytest.fixture(scope='module')
def report_of(tmp_path_factory):
    """The report on an untrained toy model whose residual branches and text are switched on."""
    words = list(dict.fromkeys(['<end>', *(word for caption in CAPTIONS for word in caption.split())]))

    def report(name):
        torch.manual_seed(0)
        config = load_config(f'configs/ssagan/{name}.py')
        model = MODELS.build(without_weight_files(config.model))
        with torch.no_grad():
            for key, parameter in model.generator.named_parameters():
                if key.endswith(('.gamma', 'linear2.weight')):
                    parameter.normal_(0.3, 0.3)
        path = tmp_path_factory.mktemp('toy') / f'{name}.pth'
        torch.save(dict(meta=dict(dataset_meta=dict(vocabulary=words)), state_dict=model.state_dict()), path)
        return ssagan_toy_report(config, path)

    return report


def test_text_and_masks_of_the_full_model_have_an_effect(report_of):
    report = report_of('ssagan_toy')
    assert set(CHANCE) < set(report)
    assert report['change_inside_mean'] > 0
    assert report['mask_effect'] > 0
    assert report['caption_top1_real'] > 5 * CHANCE['caption_top1']  # of the shipped encoders


def test_no_text_means_no_change_with_the_caption(report_of):
    assert report_of('ssagan_toy_no-text')['change_inside_mean'] == 0


def test_constant_masks_have_no_effect_and_no_correlation(report_of):
    report = report_of('ssagan_toy_no-mask')
    assert report['mask_effect'] == 0
    assert report['mask_correlation'] == report['mask_correlation_previous'] == 0


def test_chance_is_one_over_the_number_of_answers():
    assert pytest.approx(dict(size=1 / 2, colour=1 / 6, background=1 / 3, caption_top1=1 / 108)) == CHANCE
