import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]


def _publish(*args):
    return subprocess.run([sys.executable, str(ROOT / 'tools' / 'publish_checkpoint.py'), *map(str, args)],
                          text=True, capture_output=True, timeout=200)


def test_keeps_weights_and_vocabulary_only_and_does_not_overwrite(tmp_path):
    content = dict(meta=dict(iter=3, cfg='x = 1', dataset_meta=dict(vocabulary=['<end>', 'a'])),
                   state_dict={'generator.weight': torch.ones(2), 'discriminator.weight': torch.ones(3)},
                   optimizer=dict(generator=dict()), message_hub=dict())
    source, output = tmp_path / 'iter_3.pth', tmp_path / 'small.pth'
    torch.save(content, source)
    first = _publish(source, output, '--networks', 'generator')
    assert first.returncode == 0, first.stderr
    published = torch.load(output, weights_only=True)
    assert published == dict(meta=dict(iter=3, dataset_meta=dict(vocabulary=['<end>', 'a'])),
                             state_dict=published['state_dict'])
    assert list(published['state_dict']) == ['generator.weight']
    second = _publish(source, output)
    assert second.returncode == 1
    assert second.stderr.strip() == f'error: {output}: exists already. Choose another name or give --overwrite.'
