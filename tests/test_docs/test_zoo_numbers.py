"""What the metafiles say was measured stands in the paper's README, too."""
import re

import pytest

from genzoo.apis.zoo import read_zoo

from .markdown import ROOT

OURS = [(entry, result) for entry in read_zoo().entries for result in entry.results
        if (result.measured_by or '').startswith('genzoo')]


def rows(text):
    """The numbers of each line of a table."""
    return [{float(number) for number in re.findall(r'(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])', line)}
            for line in text.splitlines() if line.startswith('|')]


@pytest.mark.parametrize(('entry', 'result'), OURS, ids=[entry.name for entry, _ in OURS])
def test_numbers_measured_here_are_a_row_of_the_readme(entry, result):
    readme = (ROOT / entry.config).parent / 'README.md'
    numbers = {float(value) for value in result.metrics.values()}
    assert any(numbers <= row for row in rows(readme.read_text())), f'{readme}: no row of {entry.name} has {numbers}'
