"""Every golden case that lies in tests/data/golden and in $GENZOO_GOLDEN_DIR.

A case ``<slug>/<case>/`` is run by the adapter ``<case>`` of ``tests/golden/<slug>.py``, found
by the case's name, or by its field ``adapter`` if it has one. An adapter builds the component
from ``case['hyper']``, loads ``case['state_dict']`` and returns named arrays.
"""
import importlib.util
import json
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = [HERE.parent / 'data' / 'golden']
if os.environ.get('GENZOO_GOLDEN_DIR'):
    FOLDERS.append(Path(os.environ['GENZOO_GOLDEN_DIR']))
MILLION = 1e6


def _module(name: str):
    spec = importlib.util.spec_from_file_location(f'golden_{name}', HERE / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


goldfill = _module('goldfill')


def _cases():
    for folder in FOLDERS:
        for path in sorted(folder.glob('*/*/case.json')):
            case = json.loads(path.read_text())
            weights = sum(_size(item[0]) for item in case['state'].values())
            marks = [pytest.mark.slow] if weights > 5 * MILLION else []
            yield pytest.param(path.parent, id=f'{path.parent.parent.name}-{path.parent.name}', marks=marks)


def _size(shape) -> int:
    size = 1
    for side in shape:
        size *= side
    return size


@pytest.mark.parametrize('folder', _cases())
def test_agrees_with_published_numbers(folder: Path):
    case = goldfill.load_case(folder)
    adapters = _module(case['paper'])
    adapter = getattr(adapters, case.get('adapter', case['case']), None)
    assert adapter is not None, f'tests/golden/{case["paper"]}.py has no adapter {case["case"]}'
    wrong = goldfill.compare(case, adapter(case))
    assert not wrong, '\n'.join(wrong)
