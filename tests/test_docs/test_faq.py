"""Each message of the list of errors is one that the code can say."""
import ast
import re

from .markdown import ROOT

HEADINGS = re.findall(r'^### (.+)$', (ROOT / 'docs/faq.md').read_text().replace('`', ''), re.M)
SHORTEST = 8
"""Letters that a piece of a message needs at least, to be looked up."""


def strings():
    """Every string of the package and the tools, with "…" where values are filled in."""
    for path in [*(ROOT / 'genzoo').rglob('*.py'), *(ROOT / 'tools').rglob('*.py')]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield ''.join(part.value if isinstance(part, ast.Constant) else '…' for part in node.values)


KNOWN = '\n'.join(strings())


def is_said(text, pieces=3):
    """Whether ``text`` stands in the code, or is made of a few pieces that do."""
    if text in KNOWN:
        return True
    cuts = [cut for cut in range(SHORTEST, len(text) - SHORTEST + 1) if text[:cut].strip() in KNOWN]
    return pieces > 1 and any(is_said(text[cut:].strip(), pieces - 1) for cut in cuts)


def test_messages_of_the_list_are_in_the_code():
    fragments = {part.strip(' ,"') for heading in HEADINGS for part in heading.split('…')}
    assert HEADINGS
    assert not [part for part in fragments if re.search(r'\w{3}', part) and not is_said(part)]


def test_message_that_nobody_says_would_be_seen():
    assert is_said('the config is missing. Shipped ones are in configs/.')
    assert not is_said('the config is too beautiful. Shipped ones are in configs/.')
