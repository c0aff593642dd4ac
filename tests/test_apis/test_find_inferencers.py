from importlib.metadata import EntryPoint

import pytest

from genzoo.apis import inferencers
from genzoo.apis.inferencers import Inferencer, TextToImageInferencer, find_inferencers
from genzoo.registry import INFERENCERS


@pytest.fixture
def foreign(monkeypatch):
    """Makes entry points of what other packages would list: name=value."""
    def listed(**entries):
        monkeypatch.setattr(inferencers.find, 'entry_points', lambda group: [
            EntryPoint(name, value, group) for name, value in entries.items()])
    return listed


def test_own_ones_are_found_by_their_slugs(foreign):
    foreign()
    assert find_inferencers()['ssagan'] is TextToImageInferencer


def test_one_of_another_package_is_imported_and_found(foreign, tmp_path, monkeypatch):
    (tmp_path / 'another_paper.py').write_text(
        'from genzoo.apis import Inferencer\nfrom genzoo.registry import INFERENCERS\n\n\n'
        '@INFERENCERS.register_module()\nclass AnotherInferencer(Inferencer):\n    slug = "another"\n')
    monkeypatch.syspath_prepend(tmp_path)
    foreign(another='another_paper:AnotherInferencer')
    try:
        assert issubclass(find_inferencers()['another'], Inferencer)
    finally:
        INFERENCERS.module_dict.pop('AnotherInferencer')


def test_one_that_cannot_be_imported_is_left_out_with_a_warning(foreign, monkeypatch):
    logged = []
    monkeypatch.setattr(inferencers.find, 'print_log', lambda text, logger, level: logged.append(text))
    foreign(broken='no_such_package.inferencer:Gone')
    assert 'broken' not in find_inferencers()
    assert logged == ['inferencer "broken" of another package (no_such_package.inferencer:Gone) is left out: '
                      "ModuleNotFoundError: No module named 'no_such_package'"]
