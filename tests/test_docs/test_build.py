"""The documentation builds without a warning, so no internal link of it is broken."""
import os
import subprocess
import sys

import pytest

from .markdown import ROOT

pytest.importorskip('sphinx', reason='pip install -r requirements/docs.txt')


def build(source, target):
    return subprocess.run(
        [sys.executable, '-m', 'sphinx', '-b', 'html', '-n', '-W', '--keep-going', '-q', '-d', str(target / 'doctrees'),
         str(source), str(target / 'html')],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env=dict(os.environ, CUDA_VISIBLE_DEVICES='', PYTHONPATH=str(ROOT)))


def test_it_builds_without_a_warning(tmp_path):
    done = build('docs', tmp_path)
    assert done.returncode == 0, done.stderr
    api = (tmp_path / 'html/api/ssagan.html').read_text()
    assert 'id="genzoo.models.ssagan.SSACNGenerator"' in api


def test_broken_links_would_be_seen(tmp_path):
    pages = tmp_path / 'pages'
    pages.mkdir()
    (pages / 'conf.py').write_text(f'import sys\nsys.path.insert(0, {str(ROOT / "docs")!r})\nfrom conf import *\n')
    (pages / 'index.md').write_text('# A\n\n[b](absent.md) [c](#absent) {class}`genzoo.errors.NoSuchError`\n'
                                    '{class}`genzoo.errors.DataError`\n')
    done = build(pages, tmp_path)
    assert done.returncode != 0
    warned = [line for line in done.stderr.splitlines() if 'index.md' in line]
    assert [any(name in line for line in warned) for name in ('absent.md', "'absent'", 'NoSuchError', 'DataError')] == [
        True, True, True, False]


def test_each_package_is_in_the_api_reference():
    pages = '\n'.join(page.read_text() for page in (ROOT / 'docs/api').glob('*.md'))
    packages = {'.'.join(path.relative_to(ROOT).parent.parts) for pattern in ('*', 'models/*')
                for path in (ROOT / 'genzoo').glob(f'{pattern}/__init__.py')}
    only_modules = {'genzoo.models', 'genzoo.converters'}
    assert not {name for name in packages - only_modules if f'automodule:: {name}\n' not in pages}
