"""What the Markdown files of the repository point to is there; nothing is looked up in the network."""
import re
from urllib.parse import unquote, urlsplit

import pytest

from .markdown import FILES, NAMES, ROOT, anchors, links, without_code

EXTERNAL = ('http', 'https', 'mailto')
OURS = re.compile(r'(?:genzoo|configs|tools|tests|docs|checkpoints|requirements|examples)/[\w./{},*<>-]*')


def problem(path, target):
    """What is wrong with a link of a file; None if nothing."""
    parts = urlsplit(target)
    if parts.scheme:
        fine = parts.scheme in EXTERNAL and (parts.netloc.count('.') or parts.scheme == 'mailto') and ' ' not in target
        return None if fine else 'no address'
    other = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not other.exists():
        return 'no such file'
    if not other.is_relative_to(ROOT):
        return 'outside the repository'
    if parts.fragment and other.suffix == '.md' and parts.fragment not in anchors(other.read_text()):
        return 'no such heading'
    return None


@pytest.mark.parametrize('path', FILES, ids=NAMES)
def test_links_lead_somewhere(path):
    wrong = {target: problem(path, target) for target in links(path.read_text())}
    assert not {target: reason for target, reason in wrong.items() if reason}


@pytest.mark.parametrize('path', FILES, ids=NAMES)
def test_files_that_are_named_exist(path):
    names = [code for code in re.findall(r'`([^`\n]+)`', path.read_text()) if OURS.fullmatch(code)]
    plain = [name for name in names if not re.search(r'[{}<>*]', name)]
    assert not [name for name in plain if not (ROOT / name).exists() and not (path.parent / name).exists()]


def test_wrong_links_would_be_seen():
    page = ROOT / 'README.md'
    assert links('[a](b.md#c) ![d](e.png "title") `[not](one)` [f `g`](<h>)') == ['b.md#c', 'e.png', 'h']
    assert problem(page, 'docs/absent.md') == 'no such file'
    assert problem(page, '../') == 'outside the repository'
    assert problem(page, 'README.md#no-such') == 'no such heading'
    assert problem(page, 'htps://x.org') == problem(page, 'https://') == 'no address'
    assert 'x' not in without_code('```\nx\n```\n`x`')
