import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_demo_trains_judges_and_says_where_its_pictures_are(tmp_path):
    result = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'demo.py'), '--work-dir', str(tmp_path), '--iters', '2',
         '--damsm-iters', '2'], cwd=ROOT, text=True, capture_output=True, timeout=400)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    assert 'colour as the caption says' in result.stdout
    assert 'no text' in result.stdout
    sheet = next(line for line in result.stdout.splitlines() if line.startswith('pictures: ')).split()[1]
    assert Image.open(sheet).size[0] > 6 * 32
    assert list((tmp_path / 'ssagan_toy' / 'samples').glob('*.png'))


def test_demo_that_cannot_train_says_so_in_one_line(tmp_path):
    result = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'demo.py'), '--work-dir', str(tmp_path), '--damsm-iters', '-1'],
        cwd=ROOT, text=True, capture_output=True, timeout=200)
    assert result.returncode != 0
    assert 'damsm_toy' in result.stderr
    assert 'Traceback' not in result.stderr


def test_demo_does_not_replace_an_earlier_one_unasked(tmp_path):
    (tmp_path / 'ssagan_toy').mkdir()
    (tmp_path / 'ssagan_toy' / 'iter_800.pth').write_text('')
    result = subprocess.run([sys.executable, str(ROOT / 'tools' / 'demo.py'), '--work-dir', str(tmp_path)],
                            cwd=ROOT, text=True, capture_output=True, timeout=200)
    assert (result.returncode, result.stderr) == (1, f'error: {tmp_path}/ssagan_toy: holds checkpoints of an earlier '
                                                     'run (last: iter_800.pth). Choose another --work-dir, or give '
                                                     '--overwrite to train anew.\n')
    assert [path.name for path in tmp_path.iterdir()] == ['ssagan_toy']
