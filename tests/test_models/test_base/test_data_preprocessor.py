from pathlib import Path

import torch

from genzoo.models.base import ZooDataPreprocessor, as_uint8_again


def prepare(inputs, device=None, **kwargs):
    preprocessor = ZooDataPreprocessor(**kwargs)
    preprocessor = preprocessor.to(device) if device else preprocessor
    return preprocessor(dict(inputs=inputs, data_samples=['a']), True)


def test_bytes_become_floats_that_end_at_minus_one_and_one():
    img = prepare(dict(img=torch.tensor([0, 51, 255], dtype=torch.uint8)))['inputs']['img']
    torch.testing.assert_close(img, torch.tensor([-1., -.6, 1.]))


def test_what_is_not_bytes_stays_as_it_is():
    inputs = dict(ids=torch.tensor([3, 200]), depth=torch.tensor([7.5]))
    prepared = prepare(inputs)
    assert prepared['data_samples'] == ['a']
    for key, value in inputs.items():
        assert torch.equal(prepared['inputs'][key], value)
        assert prepared['inputs'][key].dtype == value.dtype


def test_everything_but_the_cpu_keys_moves_to_the_device():
    inputs = dict(img=torch.zeros(2, dtype=torch.uint8), lengths=torch.ones(2))
    prepared = prepare(inputs, torch.device('meta'), cpu_keys=['lengths'])['inputs']
    assert prepared['img'].device.type == 'meta'
    assert prepared['lengths'].device.type == 'cpu'


def test_captions_alone_have_no_data_samples():
    assert ZooDataPreprocessor()(dict(inputs={}))['data_samples'] is None


def test_real_images_are_judged_as_they_were_where_the_release_ends_one_lower_for_63_values():
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(as_uint8_again(prepare(dict(img=values))['inputs']['img']), values)
    released = (((values / 255 - .5) / .5 + 1) / 2 * 255).to(torch.uint8)
    assert (values.int() - released.int()).unique(return_counts=True)[1].tolist() == [193, 63]
    page = (Path(__file__).parents[3] / 'docs' / 'evaluation.md').read_text()
    assert 'by which 63 of the 256 values end one lower' in page
