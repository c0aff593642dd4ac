"""Reading Markdown: code blocks with the comment before them, links, headings."""
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ('', 'configs/**/', 'docs/**/', 'examples/**/', 'tools/**/')
FILES = sorted({path for folder in FOLDERS for path in ROOT.glob(f'{folder}*.md')})
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

_FENCE = re.compile(r'^ *(?P<fence>`{3,})(?P<language>\{?[\w-]*\}?)[^\n]*\n(?P<code>.*?)^ *(?P=fence)`* *$',
                    re.M | re.S)
_MARK = re.compile(r'<!-- (?P<kind>not run|file|run with|run)(?:: (?P<value>(?:(?!-->).)*?))? -->\s*\Z', re.S)
_LINK = re.compile(r'!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?(?P<target>[^\s)>]+)>?[^)]*\)')
_PROMPT = re.compile(r'^\$ ')
_ASSIGNMENT = re.compile(r'^\w+=')


@dataclass(frozen=True)
class Block:
    """A fenced code block.

    Attributes:
        line: of its fence.
        mark: kind of the comment right before it: ``run``, ``run with``, ``not run``, ``file`` or nothing.
        value: what the comment says.
    """
    line: int
    language: str
    code: str
    mark: str
    value: str


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a page."""
    found = []
    for match in _FENCE.finditer(text):
        mark = _MARK.search(text, 0, match.start())
        line = text.count('\n', 0, match.start()) + 1
        found.append(Block(line, match['language'], match['code'], mark['kind'] if mark else '',
                           ' '.join((mark['value'] or '').split()) if mark else ''))
    return found


def without_code(text: str) -> str:
    """The prose of a page."""
    return re.sub(r'`[^`\n]*`', '``', _FENCE.sub('', text))


def links(text: str) -> list[str]:
    """Targets of the links and pictures of a page."""
    return [match['target'] for match in _LINK.finditer(without_code(text))]


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r'[^\w\- ]', '', re.sub(r'[`*]', '', heading).strip().lower()).replace(' ', '-')


def anchors(text: str) -> set[str]:
    """Anchors of a page: its headings."""
    return {slug(match[1]) for match in re.finditer(r'^#+ +(.+?)\s*$', _FENCE.sub('', text), re.M)}


def commands(code: str) -> list[list[str]]:
    """The commands of a shell block, as words, without prompts, comments and leading assignments."""
    lines = [_PROMPT.sub('', line.strip()) for line in code.replace('\\\n', ' ').splitlines()]
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        while words and _ASSIGNMENT.match(words[0]):
            words.pop(0)
        if words:
            found.append(words)
    return found
