import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genzoo.apis import TextToImageInferencer
from genzoo.apis.convert import convert_ssagan, release_ssagan
from genzoo.errors import ConfigError, WeightsError

ROOT = Path(__file__).parents[2]
SHIPPED = Path('checkpoints/ssagan_toy.pth')


def test_released_and_converted_again_draws_the_same(tmp_path):
    release_ssagan(SHIPPED, tmp_path / 'released')
    report = convert_ssagan(sorted((tmp_path / 'released').iterdir()), tmp_path / 'back.pth')
    assert any('vocabulary of 18 words' in line for line in report)
    config, caption = 'configs/ssagan/ssagan_toy.py', ['a large red circle on a black background']
    before, after = (TextToImageInferencer(config, path, device='cpu')(caption, progress=False)[0]['image']
                     for path in (SHIPPED, tmp_path / 'back.pth'))
    assert torch.equal(before, after)


def test_nothing_is_written_where_one_file_exists_already(tmp_path):
    (tmp_path / 'text_encoder.pth').write_bytes(b'mine')
    with pytest.raises(ConfigError, match='text_encoder.pth'):
        release_ssagan(SHIPPED, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['text_encoder.pth']
    assert (tmp_path / 'text_encoder.pth').read_bytes() == b'mine'


def test_conversion_without_a_vocabulary_says_what_is_missing(tmp_path):
    release_ssagan(SHIPPED, tmp_path)
    report = convert_ssagan([tmp_path / 'text_encoder.pth'], tmp_path / 'out.pth')
    assert any('add captions.pickle' in line for line in report)


@pytest.mark.parametrize(('change', 'message'), [
    (lambda state: state.pop('rnn.bias_hh_l0'), 'not a whole text_encoder .*missing: rnn.bias_hh_l0'),
    (lambda state: state.pop('rnn.weight_hh_l0'), 'not a whole text_encoder, .* rnn.weight_hh_l0 is missing'),
    (lambda state: state.update(extra=torch.ones(1)), 'not a whole text_encoder .*unknown: extra'),
])
def test_missing_and_surplus_tensors_are_refused(tmp_path, change, message):
    release_ssagan(SHIPPED, tmp_path)
    state = torch.load(tmp_path / 'text_encoder.pth', weights_only=True)
    change(state)
    torch.save(state, tmp_path / 'changed.pth')
    with pytest.raises(WeightsError, match=message):
        convert_ssagan([tmp_path / 'changed.pth'], tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()


def test_foreign_content_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(WeightsError, match=r'list.pth: holds no state dict'):
        release_ssagan(tmp_path / 'list.pth', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_tool_reports_one_line(tmp_path):
    result = subprocess.run([sys.executable, str(ROOT / 'tools' / 'convert_checkpoint.py'), 'ssagan',
                             str(tmp_path / 'nowhere.pth'), str(tmp_path / 'out.pth')],
                            text=True, capture_output=True, timeout=200)
    assert result.returncode == 1
    assert result.stderr.startswith(f'error: {tmp_path}/nowhere.pth')
    assert result.stderr.count('\n') == 1
